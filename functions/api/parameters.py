"""The query parameters that say how to read a record. POST /diagnosis and POST /signal take them."""

from typing import Annotated

from fastapi import Query

from functions.api.body import MAX_FILENAME, MAX_LEADS

Filename = Annotated[
    str | None,
    Query(max_length=MAX_FILENAME, description="The file's name, if the body is the bare file. Not for multipart."),
]
FsHz = Annotated[float | None, Query(description="Sampling rate in Hz, for a file that does not state it.")]
Units = Annotated[
    str | None, Query(description="Unit of the samples, nV, uV, mV or V, for a file that does not state it.")
]
Leads = Annotated[
    str | None,
    Query(
        max_length=MAX_LEADS,
        description="Leads of the channels in order, such as I,II,V1, for a file that does not name them. "
        "- stands for a channel that is no lead.",
    ),
]
Gain = Annotated[
    float | None, Query(description="Counts per mV, for a file of raw converter values that does not state it.")
]
