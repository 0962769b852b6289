// The samples of a record, as POST /signal sends them. Of a long recording only the stretch around the view is loaded.
import type { Marks, SignalAnswer } from "./types";

export interface Lead {
  derived: boolean;
  // mV, NaN where a sample is missing.
  samples: Float32Array;
}

// A stretch of a recording. startS: the time of its first sample.
export interface Trace {
  fsHz: number;
  startS: number;
  endS: number;
  durationS: number;
  samples: number;
  leads: Map<string, Lead>;
  marks?: Marks[];
  sha256: string;
}

function decoded(data: string, answer: SignalAnswer): Float32Array {
  const bytes = atob(data);
  const made = new Float32Array(bytes.length / 2);
  const step = answer.uv_per_step / 1000;
  for (let at = 0; at < made.length; at++) {
    const unsigned = bytes.charCodeAt(2 * at) | (bytes.charCodeAt(2 * at + 1) << 8);
    const value = (unsigned << 16) >> 16;
    made[at] = value === answer.missing ? NaN : value * step;
  }
  return made;
}

export function traceOf(answer: SignalAnswer): Trace {
  return {
    fsHz: answer.fs_hz,
    startS: answer.start_s,
    endS: answer.start_s + answer.samples / answer.fs_hz,
    durationS: answer.duration_s,
    samples: answer.samples,
    leads: new Map(
      answer.leads.map((lead) => [lead.name, { derived: lead.derived, samples: decoded(lead.data, answer) }]),
    ),
    marks: answer.marks,
    sha256: answer.sha256,
  };
}

type Load = (startS: number, marks: boolean) => Promise<SignalAnswer>;

// Loads the stretch that holds a part of the recording. The newest wish counts.
export class Loader {
  private asking: Promise<void> | null = null;

  constructor(
    public trace: Trace,
    private readonly load: Load,
  ) {}

  static async of(load: Load, marks: boolean): Promise<Loader> {
    return new Loader(traceOf(await load(0, marks)), load);
  }

  // marks: whether they are needed too.
  has(startS: number, endS: number, marks: boolean): boolean {
    const { trace } = this;
    if (marks && !trace.marks) return false;
    return startS >= trace.startS - 1e-3 && Math.min(endS, trace.durationS) <= trace.endS + 2 / trace.fsHz;
  }

  // Asks for the stretch and calls done when it is there. Asks for nothing while another answer is awaited.
  want(startS: number, endS: number, marks: boolean, done: (error?: unknown) => void): void {
    if (this.asking || this.has(startS, endS, marks)) return;
    const length = this.trace.endS - this.trace.startS;
    // Half of it before the view, half after.
    const from = Math.max(0, Math.min(startS - length / 2, this.trace.durationS - length));
    this.asking = this.load(from, marks)
      .then((answer) => {
        this.trace = traceOf(answer);
        this.asking = null;
        done();
      })
      .catch((error: unknown) => {
        this.asking = null;
        done(error);
      });
  }
}
