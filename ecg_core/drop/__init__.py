"""Records are dropped into an inbox; outcomes are written to a results store. No record is lost or answered twice.

An event is only a hint that a file may be new. For each hint the drop reads the outcome that exists, then the files
that are in the inbox now. It writes only if the outcome has not changed since, and starts again otherwise. So the order
and the number of events do not matter. There is no AWS code here: a Store is a bucket, a folder, or a fake.

Read the modules in this order: drop (hint -> records -> outcomes), owners (which records a file belongs to), batch
(answer once, retry, remember), attempt (read and write once), writer and outcome (what is written), sources (the files
of a record), options (what metadata state), notes (who waits for which file), ignored (the list of what is no ECG),
shared (files that many headers name), addresses (where everything is written). sweep answers what has waited too long;
folder and watch are the drop on one machine.

Terms: an outcome is a result or a refusal. A form is a result in another format (SVG, FHIR), written beside it. A note
is a small file. A WAITING note lists the keys that wait for a file. An ARCHIVED note lists the keys that wait because
the file exists but cannot be read. A MEMBERS note lists the headers that name a file. To settle a note is to empty it,
because nobody needs it any more. To retract an outcome is to empty it. The drop empties files because it has no right
to delete.
"""

from ecg_core.drop.batch import Contended
from ecg_core.drop.drop import Drop
from ecg_core.drop.store import Archived, Conflict, Entry, Store, Stored
from ecg_core.drop.sweep import Swept, sweep
from ecg_core.drop.writer import Answer

__all__ = ["Answer", "Archived", "Conflict", "Contended", "Drop", "Entry", "Store", "Stored", "Swept", "sweep"]
