//! Medians, percentiles and units.

use std::time::Duration;

/// The middle of some figures.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    assert!(!values.is_empty(), "a median needs figures");
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}

/// The time that `share` percent of the samples do not exceed.
pub(crate) fn percentile(samples: &mut [Duration], share: usize) -> Duration {
    assert!(!samples.is_empty(), "a percentile needs samples");
    samples.sort_unstable();
    let rank = (samples.len() * share).div_ceil(100).max(1);
    samples[rank - 1]
}

/// Microseconds of each of some operations.
pub(crate) fn micros_each(cpu: Duration, operations: u32) -> f64 {
    cpu.as_secs_f64() * 1e6 / f64::from(operations)
}

/// Milliseconds.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A number of bytes for arithmetic.
#[expect(
    clippy::cast_precision_loss,
    reason = "sizes here are far below what a float holds exactly"
)]
pub(crate) fn float(bytes: u64) -> f64 {
    bytes as f64
}

/// Megabytes (10⁶).
pub(crate) fn megabytes(bytes: u64) -> f64 {
    float(bytes) / 1e6
}
