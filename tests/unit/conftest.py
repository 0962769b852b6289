"""A small data set of synthetic records in the layout of PTB-XL. No torch here: most unit tests do without."""

import csv
from pathlib import Path

import pytest

from ecg_core.classification import SUPERCLASSES
from ecg_core.model.statement_table import STATEMENTS
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files, write_files

CODES = {"normal": "{'NORM': 100.0, 'SR': 0.0}", "lbbb": "{'CLBBB': 100.0}", "st_depression": "{'ISC_': 35.0}"}
# MI and HYP: labels that a network can tell apart. These hearts show no infarction and no hypertrophy.
CODES |= {"t_inversion": "{'IMI': 100.0}", "rbbb": "{'LVH': 100.0}"}
PATIENTS_PER_KIND = 6


@pytest.fixture(scope="session")
def small_ptbxl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folds 8 and 9 with 60 records each. Fold 10 has labels but no signals: nothing may read it."""
    root = tmp_path_factory.mktemp("ptbxl")
    with (root / "scp_statements.csv").open("w", newline="") as file:
        classes = [(one.code, one.name, one.kind if one.kind in SUPERCLASSES else "") for one in STATEMENTS]
        csv.writer(file).writerows([("", "description", "diagnostic_class"), *classes])
    rows = []
    for fold in (8, 9, 10):
        for kind, codes in CODES.items():
            for index in range(2 * PATIENTS_PER_KIND):
                ecg_id = len(rows) + 1
                name = f"{ecg_id:05}_lr"
                if fold < 10:
                    recording = synthesize(kind, fs_hz=100, seed=ecg_id)
                    write_files(wfdb_files(recording, name), root / "records100/00000")
                patient = f"{fold * 100 + index // 2}.0"
                rows.append((ecg_id, patient, 60.0, index % 2, codes, fold, f"records100/00000/{name}"))
    rows.append((999, "1.0", "", 1, "{'SR': 100.0}", 8, "records100/00000/00001_lr"))
    with (root / "ptbxl_database.csv").open("w", newline="") as file:
        columns = ("ecg_id", "patient_id", "age", "sex", "scp_codes", "strat_fold", "filename_lr")
        csv.writer(file).writerows([columns, *rows])
    return root
