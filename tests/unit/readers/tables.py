"""Builders of tables as different programs write them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecg_core.leads import LEADS

LINE_ENDS = {"unix": "\n", "dos": "\r\n", "mac": "\r"}


def make_signal(leads: int = 12, samples: int = 1000, seed: int = 0) -> NDArray[np.float64]:
    """[leads, samples] mV with three decimals."""
    return np.round(np.random.default_rng(seed).normal(scale=0.4, size=(leads, samples)), 3)


def make_csv(
    signal: NDArray[np.float64] | None = None,
    *,
    leads: Sequence[str] = LEADS,
    fs_hz: float = 500.0,
    unit: str = "mV",
    name: str = "{lead} ({unit})",
    time: str | None = "time (s)",
    separator: str = ",",
    decimal: str = ".",
    quote: str = "",
    above: Sequence[str] = (),
    end: str = "\n",
    encoding: str = "utf-8",
    decimals: int = 3,
) -> bytes:
    """A table with a header line. unit: of the numbers. time: the name of the time column, None for no such column."""
    signal = make_signal(len(leads)) if signal is None else signal
    scale = {"mV": 1.0, "uV": 1e3, "µV": 1e3, "V": 1e-3, "nV": 1e6}.get(unit, 1.0)
    header = [*([time] if time is not None else []), *(name.format(lead=lead, unit=unit) for lead in leads)]
    lines = [*above, separator.join(f"{quote}{cell}{quote}" for cell in header)]
    for number, row in enumerate(signal.T * scale):
        cells = [f"{number / fs_hz:.6f}"] if time is not None else []
        cells += ["" if np.isnan(value) else f"{value:.{decimals}f}" for value in row]
        lines.append(separator.join(f"{quote}{cell.replace('.', decimal)}{quote}" for cell in cells))
    return (end.join(lines) + end).encode(encoding)


def make_apple(
    signal: NDArray[np.float64] | None = None,
    *,
    rate: str = "512.508 hertz",
    lead: str = "Lead I",
    unit: str = "µV",
    language: str = "en",
    decimal: str = ".",
    encoding: str = "utf-8",
    end: str = "\n",
) -> bytes:
    """An Apple Watch export with the watch's own keys. signal: [samples] uV."""
    keys = {
        "en": "Name|Date of Birth|Recorded Date|Classification|Symptoms|Software Version|Device|Sample Rate|Lead|Unit",
        "de": "Name|Geburtstag|Aufzeichnungsdatum|Klassifizierung|Symptome|Softwareversion|Gerät|Messrate"
        "|Ableitung|Einheit",
        "ja": "名前|生年月日|記録日|分類|症状|ソフトウェアバージョン|デバイス|サンプルレート|リード|単位",
        "fr": "Nom|Date de naissance|Enregistré le|Classification|Symptômes|Version|Appareil|Fréquence"
        "|Dérivation|Unité",
        "pl": "Imię i nazwisko|Data urodzenia|Data zapisu|Klasyfikacja|Objawy|Wersja|Urządzenie"
        "|Częstotliwość próbkowania|Odprowadzenie|Jednostka",
        "ru": "Имя|Дата рождения|Дата записи|Классификация|Симптомы|Версия|Устройство|Частота выборки"
        "|Отведение|Единица",
        "fi": "Nimi|Syntymäaika|Tallennettu|Luokitus|Oireet|Ohjelmistoversio|Laite|Taajuus|Kytkentä|Yksikkö",
    }[language].split("|")
    values = [
        "Elizabeth II",
        '"27.03.1987"',
        "2020-07-31 22:48:19 +0200",
        "x",
        "",
        "1.13",
        '"Watch4,2"',
        rate,
        lead,
        unit,
    ]
    lines = [f"{key},{value}" for key, value in zip(keys, values, strict=True)]
    lines[8:8] = ["", ""]
    lines.append("")
    signal = np.round(np.random.default_rng(0).normal(scale=300, size=600), 3) if signal is None else signal
    lines += [f"{value:.10g}".replace(".", decimal) for value in signal]
    return (end.join(lines) + end).encode(encoding)


def sample(samples: Path, name: str) -> bytes:
    return (samples / name).read_bytes()
