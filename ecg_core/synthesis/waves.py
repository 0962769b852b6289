"""The waves of each synthetic rhythm: P, QRS, ST and T as pulses of the cardiac dipole.

Each wave of a beat is a Gaussian pulse along the axes of Frank's vectorcardiogram (McSharry et al. 2003,
doi 10.1109/TBME.2003.808805; in three dimensions Sameni et al. 2007, doi 10.1155/2007/43407), with different widths
before and after its peak. The values are our own, chosen to look like textbook ECGs (bundle branch blocks: Surawicz et
al. 2009, doi 10.1016/j.jacc.2008.12.013).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wave:
    """A pulse of the dipole. at_s: time of its peak after the R wave, at 60 beats per minute.

    rise_s, fall_s: standard deviations before and after the peak. x, y, z: mV at the peak, along Frank's axes.
    follows_rate: at higher rates the pulse comes earlier and is shorter, like repolarisation.
    """

    at_s: float
    rise_s: float
    fall_s: float
    x: float
    y: float
    z: float
    follows_rate: bool = False


# Right atrium, then left atrium. Both point down and to the left; the first also to the front, the second to the back.
P_WAVES = (
    Wave(-0.160, 0.018, 0.020, 0.060, 0.060, -0.070),
    Wave(-0.130, 0.020, 0.018, 0.080, 0.055, 0.020),
)
# From the onset of a narrow QRS complex to its R wave.
NARROW_QRS_RISE_S = 0.045
# Lasts 90 ms: the septum (to the right and front), the apex, the free left wall (to the back), the base.
NARROW_QRS = (
    Wave(-0.024, 0.008, 0.009, -0.090, -0.020, -0.230),
    Wave(0.000, 0.010, 0.011, 1.150, 0.620, 0.080),
    Wave(0.016, 0.012, 0.011, 0.080, 0.180, 0.780),
    Wave(0.034, 0.009, 0.008, -0.140, -0.060, 0.140),
)
# From the J point to T. A normal ST segment is slightly raised in V2 and V3.
NORMAL_ST = (Wave(0.150, 0.050, 0.080, 0.015, 0.000, -0.045, True),)
# T rises more slowly than it falls.
NORMAL_T = (Wave(0.270, 0.055, 0.036, 0.270, 0.170, -0.200, True),)

WAVES: dict[str, tuple[Wave, ...]] = {
    "normal": (*P_WAVES, *NARROW_QRS, *NORMAL_ST, *NORMAL_T),
    # QRS lasts 155 ms. The septum is activated from right to left: no q in V6. The slow passage through it gives R two
    # peaks in the lateral leads.
    "lbbb": (
        *P_WAVES,
        Wave(-0.010, 0.014, 0.022, 0.620, 0.250, 0.350),
        Wave(0.024, 0.022, 0.028, 0.220, 0.260, 1.550),
        Wave(0.066, 0.019, 0.018, 0.600, -0.060, 0.750),
        # Repolarisation is reversed too: ST and T point against QRS.
        Wave(0.160, 0.040, 0.080, -0.110, -0.050, -0.270, True),
        Wave(0.285, 0.060, 0.040, -0.200, -0.080, -0.520, True),
    ),
    # QRS lasts 140 ms. Its first half is normal. Then the right ventricle is activated through the muscle: to the right
    # and front.
    "rbbb": (
        *P_WAVES,
        Wave(-0.024, 0.008, 0.009, -0.080, -0.020, -0.260),
        Wave(0.000, 0.010, 0.011, 1.000, 0.500, 0.150),
        Wave(0.014, 0.010, 0.009, 0.050, 0.150, 0.550),
        Wave(0.062, 0.019, 0.022, -0.460, -0.140, -0.600),
        Wave(0.275, 0.055, 0.038, 0.260, 0.140, 0.110, True),
    ),
    # Subendocardial ischaemia: ST points away from the lateral and inferior wall and is horizontal, T is flat.
    "st_depression": (
        *P_WAVES,
        *NARROW_QRS,
        Wave(0.066, 0.012, 0.060, -0.100, -0.070, 0.000, True),
        Wave(0.175, 0.055, 0.036, -0.130, -0.085, -0.040, True),
        Wave(0.265, 0.050, 0.036, 0.020, 0.010, -0.120, True),
    ),
    # T is inverted in the lateral leads and symmetrical, as in ischaemia. ST sags slightly before it.
    "t_inversion": (
        *P_WAVES,
        *NARROW_QRS,
        Wave(0.130, 0.040, 0.060, -0.040, -0.020, -0.030, True),
        Wave(0.275, 0.042, 0.038, -0.260, -0.060, -0.070, True),
    ),
}
RHYTHMS = tuple(WAVES)
