//! Mel-frequency cepstral coefficients: the discrete cosine transform of a log-mel spectrogram.

use ndarray::Array2;

use crate::param::ParamSpec;
use crate::task::Task;
use crate::text::{Phrase, phrase, t};

use super::log_mel::{self, log_mel};
use super::params::specs;
use super::rows::rows;
use super::{ExtractError, ExtractParams, Extractor};

/// The first coefficients of the orthonormal DCT-II of each log-mel frame.
///
/// `c[t, n] = s_n sum_m y[t, m] cos(pi n (m + 1/2) / M)` over the `M` mel filters, `s_0 = sqrt(1/M)` and else `sqrt(2/M)`. In
/// librosa's terms `librosa.feature.mfcc(S=y.T, n_mfcc=20, dct_type=2, norm="ortho", lifter=0).T`, where `y` is the natural
/// logarithm of [`log_mel()`], not the decibels that librosa would take by itself.
///
/// The transform is a rotation, so with all coefficients kept, distances between frames are those of the log-mel frames. No way leads back to
/// samples from here: the usual few coefficients keep neither pitch nor the fine shape of the spectrum.
#[derive(Debug)]
pub struct Mfcc;

impl Extractor for Mfcc {
    fn id(&self) -> &'static str {
        "mfcc"
    }

    fn name(&self) -> Phrase {
        phrase!("extractor-mfcc")
    }

    fn help(&self) -> &'static str {
        t!("extractor-mfcc.help")
    }

    fn params(&self) -> Vec<ParamSpec<ExtractParams>> {
        let mut keys = vec!["num_mfcc"];
        keys.extend(log_mel::KEYS);
        specs(&keys)
    }

    fn extract(
        &self,
        samples: &[f32],
        params: &ExtractParams,
        task: &Task<'_>,
    ) -> Result<Array2<f32>, ExtractError> {
        params.check(&self.params())?;
        let log_mel = log_mel(samples, params, task)?;
        let basis = dct_basis(params.num_mfcc, params.num_mels);
        let shape = (log_mel.nrows(), params.num_mfcc);
        rows(
            shape,
            phrase!("stage-cepstrum"),
            task,
            || (),
            |(), frame_idx, row| {
                let frame = log_mel.row(frame_idx);
                for (value, wave) in row.iter_mut().zip(basis.rows()) {
                    *value = frame.iter().zip(wave).map(|(&y, &b)| f64::from(y) * b).sum::<f64>() as f32;
                }
                Ok(())
            },
        )
    }

    fn hop_length(&self, params: &ExtractParams) -> usize {
        log_mel::LogMel.hop_length(params)
    }

    fn dim(&self, params: &ExtractParams) -> usize {
        params.num_mfcc
    }
}

/// The first `num_coefficients` rows of the orthonormal DCT-II of `len` points, `(num_coefficients, len)`.
fn dct_basis(num_coefficients: usize, len: usize) -> Array2<f64> {
    Array2::from_shape_fn((num_coefficients, len), |(n, m)| {
        let scale = if n == 0 { 1.0 } else { 2.0 } / len as f64;
        scale.sqrt() * (std::f64::consts::PI * n as f64 * (m as f64 + 0.5) / len as f64).cos()
    })
}
