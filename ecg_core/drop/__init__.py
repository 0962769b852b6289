"""Records dropped into an inbox, their outcomes in a results store: each classified once, none lost.

An event is only a hint. For a hint the drop reads the outcome that is there, then what lies in the inbox *now*, and
writes only if the outcome has not changed meanwhile; otherwise it starts again. So neither the order nor the number of
events can matter. No AWS here: a Store is a bucket, a folder, or a fake.
"""

from ecg_core.drop.batch import Contended
from ecg_core.drop.drop import Drop
from ecg_core.drop.store import Conflict, Entry, Store, Stored
from ecg_core.drop.sweep import Swept, sweep
from ecg_core.drop.writer import Answer

__all__ = ["Answer", "Conflict", "Contended", "Drop", "Entry", "Store", "Stored", "Swept", "sweep"]
