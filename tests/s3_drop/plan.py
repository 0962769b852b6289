"""What chaos.py drops: records of every kind, what must become of them, and what is no record."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from unicodedata import normalize

from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes, wfdb_files, zip_bytes

Files = dict[str, bytes]

# What must never be seen in a log.
SECRET = "Hans-Meier"
FOLDERS = (f"{SECRET}/2026/", "klinik süd/", "a+b 100%/", "")
FORBIDDEN = f"{SECRET}/forbidden/"
# Names of documents, annotations and hidden files. Here each holds an ECG.
MISNAMED = ("records_{}.txt", "notice-of-{}.txt", ".clinic-{}/x.csv", "{}.sta", "__MACOSX/{}.csv")
# Of every fifty records, one of each of these kinds.
SEGMENTED, MACOS, MISNAMED_TABLE, ARCHIVED, BOMB, TWO_HEADERS, SHARED_SEGMENTS = 1, 3, 10, 14, 20, 23, 31
BOMB_MASTERS = 1_000


@dataclass
class Plan:
    """files: key to the bytes that count in the end. before: bytes that lay there first, of some keys.

    archived: keys in an archive, restored at the end. apart: keys that `ekg classify` finds only by their own path.
    ignored: key to the reason. outcomes: how many there must be.
    """

    files: Files = field(default_factory=dict)
    before: Files = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    archived: set[str] = field(default_factory=set)
    apart: set[str] = field(default_factory=set)
    ignored: dict[str, str] = field(default_factory=dict)
    outcomes: int = 0


def plan(records: int, chance: random.Random) -> Plan:
    """Pairs and single files in equal parts; of both, some are refused or replaced, and some never come whole."""
    made = Plan()
    hearts = ("normal", "lbbb", "rbbb", "st_depression", "t_inversion")
    for index in range(records):
        name, folder = f"r{index:05}", chance.choice(FOLDERS)
        recording = synthesize(chance.choice(hearts), fs_hz=100, duration_s=chance.choice((10, 10, 7)), seed=index)
        pair = wfdb_files(recording, name)
        kind, rare = index % 20, index % 50
        made.outcomes += 1
        if rare == SEGMENTED:
            files = _segmented(name, index)
        elif rare == MACOS:
            files = _of_macos(name, pair)
        elif rare == MISNAMED_TABLE:
            misnamed = MISNAMED[index // 50 % len(MISNAMED)].format(name)
            files = {misnamed: csv_bytes(recording)}
            made.apart.add(folder + misnamed)
        elif rare == ARCHIVED:
            files = dict(pair) if index // 50 % 2 else {f"{name}.csv": csv_bytes(recording)}
            made.archived.add(folder + list(files)[-1])
        elif rare == BOMB:
            files = {f"{name}.zip": _bomb(name, index)}
        elif rare == TWO_HEADERS:
            files = {**pair, f"{name}.HEA": pair[f"{name}.hea"] + b"# another\n"}
            made.outcomes += 1
        elif rare == SHARED_SEGMENTS:
            files = _segmented(name, index, masters=4)
            made.outcomes += 3
        elif kind < 10:
            files = _of_pair(kind, name, pair, whole=bool(index // 20 % 2))
            if kind == 8:
                other = wfdb_files(synthesize("normal", fs_hz=100, seed=index + records), name)
                made.before.update({folder + key: body for key, body in other.items()})
        elif kind < 14:
            files = {f"{name}.zip": zip_bytes(pair)}
        elif kind < 19:
            files = {f"{name}.csv": csv_bytes(recording)}
            if kind == 18:
                made.before[f"{folder}{name}.csv"] = b"time,I\n"
        else:
            files = {f"{name}.bin.zip": chance.randbytes(2000)}
            _add_noise(made, name, folder)
        made.files.update({folder + key: body for key, body in files.items()})
    for index in range(max(2, records // 200)):
        key = f"{FORBIDDEN}f{index}.csv"
        made.files[key] = b"time,I\n"
        made.forbidden.add(key)
    return made


def _of_pair(kind: int, name: str, pair: Mapping[str, bytes], whole: bool) -> Files:
    header, signal = pair[f"{name}.hea"], pair[f"{name}.dat"]
    if kind == 5:
        return {f"{name}.HEA": header, f"{name}.Dat": signal}
    if kind == 6:
        # A signal whose name does not lead to its header.
        return {f"{name}.hea": header.replace(f"{name}.dat".encode(), f"s{name}.dat".encode()), f"s{name}.dat": signal}
    if kind == 7:
        return {f"{name}.hea": b"garbage", f"{name}.dat": signal}
    if kind == 9:
        return {f"{name}.dat": signal[:-2], f"{name}.hea": header} if whole else {f"{name}.hea": header}
    return dict(pair)


def _of_macos(name: str, pair: Files) -> Files:
    """Keys in Unicode's form NFD, and a header that names its signal in form NFC."""
    header = pair[f"{name}.hea"].replace(f"{name}.dat".encode(), f"Müller_{name}.dat".encode())
    files = {f"Müller_{name}.hea": header, f"Müller_{name}.dat": pair[f"{name}.dat"]}
    return {normalize("NFD", key): body for key, body in files.items()}


def _segmented(name: str, seed: int, masters: int = 1) -> Files:
    """masters: how many master headers name the same segments."""
    parts = [wfdb_files(synthesize("normal", fs_hz=100, seed=seed + part), f"{name}_{part}") for part in range(3)]
    lines = "".join(f"{name}_{part} 1000\n" for part in range(3))
    names = [name, *(f"m{number}_{name}" for number in range(1, masters))]
    files = {f"{master}.hea": f"{master}/3 12 100 3000\n{lines}".encode() for master in names}
    for part in parts:
        for key, body in part.items():
            files[key.replace(".dat", "e.dat")] = body.replace(b".dat 16", b"e.dat 16")
    return files


def _bomb(name: str, seed: int) -> bytes:
    """A zip of a thousand master headers that name the same segments."""
    return zip_bytes(_segmented(name, seed, BOMB_MASTERS))


def _add_noise(made: Plan, name: str, folder: str) -> None:
    noise = {
        "README.md": (b"notes", "document"),
        f"{name}.atr": (b"\0\1", "annotation"),
        ".DS_Store": (b"\0\0\0\1Bud1", "system"),
        f"__MACOSX/._{name}.hea": (b"\0\5\x16\7", "system"),
        f".git/{name}": (b"\0", "hidden"),
        f"{name}/": (b"", "folder"),
    }
    for key, (body, reason) in noise.items():
        made.files[folder + key] = body
        made.ignored[folder + key] = reason
