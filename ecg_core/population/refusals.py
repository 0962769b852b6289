"""Why a command that reads the ECGs of a hospital stops. For the terminal; no answer to an ECG has these codes."""


class PopulationRefused(Exception):
    """code: stable, for programs. Messages name lines and columns, and never what is in them."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint
