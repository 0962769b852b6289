// The lowest, middle and highest of many samples, without sorting them: it is needed in each frame while one scrolls.

let scratch = new Float32Array(0);

export interface Spread {
  low: number;
  middle: number;
  high: number;
}

// Of the samples from first to last. null if all are missing (NaN).
export function spreadOf(samples: Float32Array, first: number, last: number): Spread | null {
  if (scratch.length < last - first + 1) scratch = new Float32Array(last - first + 1);
  let count = 0;
  let low = Infinity;
  let high = -Infinity;
  for (let at = first; at <= last; at++) {
    const value = samples[at];
    if (value !== value) continue;
    scratch[count++] = value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!count) return null;
  const upper = selected(count >> 1, count);
  if (count % 2) return { low, middle: upper, high };
  // The values before the upper middle are the smaller half now.
  let lower = -Infinity;
  for (let at = 0; at < count >> 1; at++) if (scratch[at] > lower) lower = scratch[at];
  return { low, middle: (lower + upper) / 2, high };
}

// The value that would stand at this place if scratch were sorted (Hoare's selection).
function selected(place: number, count: number): number {
  let left = 0;
  let right = count - 1;
  while (left < right) {
    const pivot = scratch[(left + right) >> 1];
    let low = left;
    let high = right;
    while (low <= high) {
      while (scratch[low] < pivot) low++;
      while (scratch[high] > pivot) high--;
      if (low <= high) {
        const value = scratch[low];
        scratch[low++] = scratch[high];
        scratch[high--] = value;
      }
    }
    if (place <= high) right = high;
    else if (place >= low) left = low;
    else break;
  }
  return scratch[place];
}
