//! The dead-code threshold: what it comes to in frames, and what it should be.

use super::{Definition, metric};
use crate::text::phrase;

/// The share of an even code's frames below which a code may be given up.
pub const RHO: f64 = 0.1;

/// The threshold itself, which is set and not worked out.
pub static THRESHOLD: Definition = Definition {
    key: "threshold_frames",
    label: phrase!("figure-threshold_frames"),
    unit: phrase!("unit-frames-a-batch"),
    text: phrase!("figure-threshold_frames.text"),
};

metric! {
    UNIFORM_SIZE, "uniform_size", phrase!("unit-frames-a-batch"),
    "`N/K`: the frames of a batch that each code gets where all are used alike. Without a known batch `C = sum c_k` stands for N, which it is in steady state.";
    #[must_use]
    pub fn uniform_size(batch_len: f64, num_codes: usize) -> f64 {
        batch_len / num_codes.max(1) as f64
    }
}

metric! {
    THRESHOLD_ADVICE, "threshold_advice", phrase!("unit-frames-a-batch"),
    "`rho N/K` with rho = 0.1: a tenth of what each of K evenly used codes gets of a batch of N frames. At N/K and above even evenly used codes count as dead.";
    #[must_use]
    pub fn threshold_advice(batch_len: f64, num_codes: usize) -> f64 {
        RHO * uniform_size(batch_len, num_codes)
    }
}

/// Whether evenly used codes count as dead under a threshold: it is at N/K or above.
#[must_use]
pub fn is_too_high(threshold_frames: f64, uniform_size: f64) -> bool {
    threshold_frames > 0.0 && uniform_size > 0.0 && threshold_frames >= uniform_size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_an_even_code() {
        assert_eq!(uniform_size(4096.0, 1024), 4.0);
        assert_eq!(threshold_advice(4096.0, 1024), 0.4);
        assert!(is_too_high(2.0, 1.6) && is_too_high(2.0, 2.0) && !is_too_high(2.0, 2.1));
        assert!(!is_too_high(0.0, 1.6) && !is_too_high(2.0, 0.0), "off, and without a batch");
    }
}
