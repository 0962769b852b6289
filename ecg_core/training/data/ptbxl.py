"""PTB-XL 1.0.3 in the layout PhysioNet ships: ptbxl_database.csv, scp_statements.csv, records100/.

Wagner et al., Scientific Data 7, 154 (2020), doi 10.13026/kfzx-aw45, licence CC-BY 4.0.
"""

import ast
import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import SUPERCLASSES
from ecg_core.leads import CHEST_LEADS

# The other four leads follow from these by Einthoven's and Goldberger's relations.
INDEPENDENT_LEADS = ("I", "II", *CHEST_LEADS)
FS_HZ = 100
TRAINING_FOLDS = range(1, 9)
VALIDATION_FOLD = 9


@dataclass(frozen=True)
class PtbXl:
    """Records in database order.

    paths: of the records, without suffix. superclasses: [records, 5] bool. statements: [records, 71] bool.
    ages: in years, 300 for over 89, NaN if unknown. sexes: 0 male, 1 female.
    """

    paths: tuple[Path, ...]
    patient_ids: NDArray[np.int64]
    folds: NDArray[np.int64]
    superclasses: NDArray[np.bool_]
    statements: NDArray[np.bool_]
    statement_names: tuple[str, ...]
    ecg_ids: NDArray[np.int64]
    ages: NDArray[np.float64]
    sexes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.paths)

    def select(self, keep: NDArray[np.bool_]) -> "PtbXl":
        rows = np.flatnonzero(keep)
        return PtbXl(
            tuple(self.paths[row] for row in rows),
            self.patient_ids[rows],
            self.folds[rows],
            self.superclasses[rows],
            self.statements[rows],
            self.statement_names,
            self.ecg_ids[rows],
            self.ages[rows],
            self.sexes[rows],
        )

    def scored(self) -> "PtbXl":
        """The records that the benchmark counts: those with at least one superclass, at any likelihood."""
        return self.select(np.asarray(self.superclasses.any(axis=1)))


def read_ptbxl(root: Path, folds: Collection[int] | None = None) -> PtbXl:
    """The labels of the wanted folds (None: all) and the paths of their 100 Hz records. Reads no signal."""
    with (root / "scp_statements.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = tuple(row[""] for row in rows)
    superclass_of = {row[""]: row["diagnostic_class"] for row in rows if row["diagnostic_class"]}
    with (root / "ptbxl_database.csv").open(newline="", encoding="utf-8") as file:
        members = [row for row in csv.DictReader(file) if folds is None or int(row["strat_fold"]) in folds]
    codes = [set(ast.literal_eval(row["scp_codes"])) for row in members]
    statements = np.array([[name in present for name in names] for present in codes], dtype=np.bool_)
    classes = [{superclass_of[code] for code in present if code in superclass_of} for present in codes]
    superclasses = np.array([[name in present for name in SUPERCLASSES] for present in classes], dtype=np.bool_)
    return PtbXl(
        tuple(root / row["filename_lr"] for row in members),
        np.array([int(float(row["patient_id"])) for row in members], dtype=np.int64),
        np.array([int(row["strat_fold"]) for row in members], dtype=np.int64),
        superclasses.reshape(-1, len(SUPERCLASSES)),
        statements.reshape(-1, len(names)),
        names,
        np.array([int(row["ecg_id"]) for row in members], dtype=np.int64),
        np.array([float(row["age"] or "nan") for row in members], dtype=np.float64),
        np.array([int(float(row["sex"])) for row in members], dtype=np.int64),
    )


def record_files(path: Path) -> dict[str, bytes]:
    """The two files of a record, in the form that read() and classify() take."""
    return {f"{path.name}{suffix}": path.with_name(path.name + suffix).read_bytes() for suffix in (".hea", ".dat")}
