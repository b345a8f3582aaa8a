//! Whether one quantizer leaves less of the same frames than another, by more than chance.

/// A difference has to be so many standard errors of itself.
const CLEARLY: f64 = 2.0;

/// Whether the mean of `less` lies below that of `more` by over two standard errors of the difference, frame by frame: both hold the squared distance
/// of each frame, `(num_frames)`.
pub(super) fn is_clearly_less(less: &[f32], more: &[f32]) -> bool {
    let count = less.len() as f64;
    let gains = || more.iter().zip(less).map(|(&a, &b)| f64::from(a) - f64::from(b));
    let mean = gains().sum::<f64>() / count;
    let variance = gains().map(|gain| (gain - mean).powi(2)).sum::<f64>() / count;
    mean > CLEARLY * (variance / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_has_to_stand_out_of_its_own_noise() {
        let more: Vec<f32> = (0..100).map(|i| 10.0 + (i % 7) as f32).collect();
        let all: Vec<f32> = more.iter().map(|d| d - 0.01).collect();
        assert!(is_clearly_less(&all, &more));
        assert!(!is_clearly_less(&more, &all) && !is_clearly_less(&more, &more));
        // As large on average, but as often a loss.
        let some: Vec<f32> =
            more.iter().enumerate().map(|(i, d)| d + if i % 2 == 0 { 0.99 } else { -1.01 }).collect();
        assert!(!is_clearly_less(&some, &more));
        assert!(!is_clearly_less(&[], &[]));
    }
}
