import numpy as np
import pytest

from ecg_core.signal.median import median


@pytest.mark.parametrize("count", [1, 2, 3, 10, 999, 1000])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_median_is_numpys_bit_for_bit(count: int, kind: type) -> None:
    values = (3.3 * np.random.default_rng(count).standard_normal((12, count))).astype(kind)
    ours = median(values)
    assert ours.dtype == kind
    np.testing.assert_array_equal(ours, np.median(values, axis=1, keepdims=True))
    assert median(values[0])[0] == np.median(values[0])
