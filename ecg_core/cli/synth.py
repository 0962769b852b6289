"""`ekg synth`: write a synthetic ECG, or the files of examples/."""

import argparse
import sys
from pathlib import Path

# heart.ALL_RHYTHMS. Named here because importing the synthesis takes longer than printing the help.
KINDS = (
    *("normal", "lbbb", "rbbb", "st_depression", "t_inversion"),
    *("ventricular_tachycardia", "torsade_de_pointes", "ventricular_fibrillation", "fine_ventricular_fibrillation"),
    *("atrial_flutter", "paced", "ventricular_standstill"),
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("synth", help="write a synthetic ECG")
    parser.add_argument("kind", metavar="KIND", help=f"{', '.join(KINDS)}; or: examples")
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="PATH", help="X.hea, X.zip or X.csv; for examples: a folder"
    )
    parser.add_argument("--heart-rate", type=float, metavar="BPM", help="without it, the usual rate of the rhythm")
    parser.add_argument("--duration", type=float, default=10, metavar="S", help="default %(default)s")
    parser.add_argument("--fs", type=float, default=500, metavar="HZ", help="sampling rate, default %(default)s")
    parser.add_argument(
        "--noise", type=float, default=0.01, metavar="MV", help="standard deviation, default %(default)s"
    )
    parser.add_argument(
        "--wander", type=float, default=0.05, metavar="MV", help="of the baseline: amplitude, default %(default)s"
    )
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same file, default %(default)s")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from ecg_core.synthesis.heart import synthesize
    from ecg_core.synthesis.writers import write

    try:
        if options.kind == "examples":
            from ecg_core.cli.examples import write_examples

            written = write_examples(options.out)
        else:
            recording = synthesize(
                options.kind,
                heart_rate_bpm=options.heart_rate,
                duration_s=options.duration,
                fs_hz=options.fs,
                noise_mv=options.noise,
                wander_mv=options.wander,
                seed=options.seed,
            )
            written = write(recording, options.out)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    for path in written:
        print(path)
    return 0
