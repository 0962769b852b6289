"""Which model and which calibration gave an answer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CalibrationIdentity:
    """The calibration of one hospital. estimate: it was made without labels. classes: whose values it gives."""

    name: str
    sha256: str
    estimate: bool
    classes: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        return f"{self.name}, an estimate without labels" if self.estimate else self.name

    def to_dict(self) -> dict[str, object]:
        given: dict[str, object] = {"name": self.name, "sha256": self.sha256, "estimate": self.estimate}
        return {**given, "classes": list(self.classes)}


@dataclass(frozen=True)
class ModelIdentity:
    """sha256: of the network. calibration: None if that of the model card is used."""

    name: str
    version: str
    sha256: str
    calibration: CalibrationIdentity | None = None

    @property
    def whole_sha256(self) -> str:
        """Equal only if network and calibration are equal."""
        return f"{self.sha256}:{self.calibration.sha256}" if self.calibration else self.sha256

    @property
    def said(self) -> str:
        """Name and version for people, and the name of a local calibration."""
        added = f", calibration {self.calibration.said}" if self.calibration else ""
        return f"{self.name} {self.version}{added}"

    def to_dict(self) -> dict[str, object]:
        given: dict[str, object] = {"name": self.name, "version": self.version, "sha256": self.sha256}
        return {**given, "calibration": self.calibration.to_dict()} if self.calibration else given
