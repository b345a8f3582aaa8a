//! The parameters of the extractors, and their descriptions.

use crate::param::{Effect, ParamError, ParamKind, ParamSpec, ParamValue, Scope};
use crate::text::{Phrase, msg, phrase};

use super::{EXTRACTORS, Extractor, find};

/// Everything that decides which features come of a clip. An extractor reads some of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExtractParams {
    /// The extractor's id.
    pub extractor: &'static str,
    /// The rate that audio is brought to first.
    pub sample_rate_hz: u32,
    /// Samples of one Fourier transform.
    pub n_fft: usize,
    /// Samples from one frame to the next.
    pub hop_length: usize,
    /// Samples under the window, which lies in the middle of the transform.
    pub win_length: usize,
    /// Mel filters.
    pub num_mels: usize,
    /// Where the lowest filter starts.
    pub fmin_hz: f64,
    /// Where the highest filter ends; 0 for half the sample rate.
    pub fmax_hz: f64,
    /// To what power the spectrum's magnitude is raised: 1 or 2.
    pub power: u32,
    /// The least value that the logarithm is taken of.
    pub log_floor: f64,
    /// Cepstral coefficients, the 0th among them.
    pub num_mfcc: usize,
    /// Samples of a frame of raw waveform.
    pub frame_length: usize,
}

impl Default for ExtractParams {
    /// Log-mel as vocoders and speech tokenizers mostly use it, 100 frames a second.
    fn default() -> Self {
        Self {
            extractor: "log-mel",
            sample_rate_hz: 16_000,
            n_fft: 1024,
            hop_length: 160,
            win_length: 1024,
            num_mels: 80,
            fmin_hz: 0.0,
            fmax_hz: 0.0,
            power: 1,
            log_floor: 1e-5,
            num_mfcc: 20,
            frame_length: 320,
        }
    }
}

/// Every parameter. An extractor names those it reads.
pub static PARAMS: &[ParamSpec<ExtractParams>] = &[
    ParamSpec {
        key: "sample_rate_hz",
        flag: "sample-rate",
        label: phrase!("param-sample_rate_hz"),
        unit: phrase!("unit-hz"),
        kind: ParamKind::Int { min: 1_000, max: 192_000 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-sample_rate_hz.help"),
        read: |p| ParamValue::Int(p.sample_rate_hz.into()),
        write: |p, v| set(&mut p.sample_rate_hz, v.as_int().and_then(|v| u32::try_from(v).ok())),
    },
    ParamSpec {
        key: "n_fft",
        flag: "n-fft",
        label: phrase!("param-n_fft"),
        unit: phrase!("unit-samples"),
        kind: ParamKind::Int { min: 16, max: 65_536 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-n_fft.help"),
        read: |p| ParamValue::Int(p.n_fft as u64),
        write: |p, v| set(&mut p.n_fft, as_size(v)),
    },
    ParamSpec {
        key: "hop_length",
        flag: "hop",
        label: phrase!("param-hop_length"),
        unit: phrase!("unit-samples"),
        kind: ParamKind::Int { min: 1, max: 65_536 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-hop_length.help"),
        read: |p| ParamValue::Int(p.hop_length as u64),
        write: |p, v| set(&mut p.hop_length, as_size(v)),
    },
    ParamSpec {
        key: "win_length",
        flag: "win",
        label: phrase!("param-win_length"),
        unit: phrase!("unit-samples"),
        kind: ParamKind::Int { min: 2, max: 65_536 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-win_length.help"),
        read: |p| ParamValue::Int(p.win_length as u64),
        write: |p, v| set(&mut p.win_length, as_size(v)),
    },
    ParamSpec {
        key: "num_mels",
        flag: "mels",
        label: phrase!("param-num_mels"),
        unit: Phrase::NONE,
        kind: ParamKind::Int { min: 1, max: 1024 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-num_mels.help"),
        read: |p| ParamValue::Int(p.num_mels as u64),
        write: |p, v| set(&mut p.num_mels, as_size(v)),
    },
    ParamSpec {
        key: "fmin_hz",
        flag: "fmin",
        label: phrase!("param-fmin_hz"),
        unit: phrase!("unit-hz"),
        kind: ParamKind::Float { min: 0.0, max: 96_000.0 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-fmin_hz.help"),
        read: |p| ParamValue::Float(p.fmin_hz),
        write: |p, v| set(&mut p.fmin_hz, v.as_float()),
    },
    ParamSpec {
        key: "fmax_hz",
        flag: "fmax",
        label: phrase!("param-fmax_hz"),
        unit: phrase!("unit-hz"),
        kind: ParamKind::Float { min: 0.0, max: 96_000.0 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-fmax_hz.help"),
        read: |p| ParamValue::Float(p.fmax_hz),
        write: |p, v| set(&mut p.fmax_hz, v.as_float()),
    },
    ParamSpec {
        key: "power",
        flag: "power",
        label: phrase!("param-power"),
        unit: Phrase::NONE,
        kind: ParamKind::Int { min: 1, max: 2 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-power.help"),
        read: |p| ParamValue::Int(p.power.into()),
        write: |p, v| set(&mut p.power, v.as_int().and_then(|v| u32::try_from(v).ok())),
    },
    ParamSpec {
        key: "log_floor",
        flag: "log-floor",
        label: phrase!("param-log_floor"),
        unit: Phrase::NONE,
        kind: ParamKind::Float { min: 1e-30, max: 1.0 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-log_floor.help"),
        read: |p| ParamValue::Float(p.log_floor),
        write: |p, v| set(&mut p.log_floor, v.as_float()),
    },
    ParamSpec {
        key: "num_mfcc",
        flag: "mfcc",
        label: phrase!("param-num_mfcc"),
        unit: Phrase::NONE,
        kind: ParamKind::Int { min: 1, max: 1024 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-num_mfcc.help"),
        read: |p| ParamValue::Int(p.num_mfcc as u64),
        write: |p, v| set(&mut p.num_mfcc, as_size(v)),
    },
    ParamSpec {
        key: "frame_length",
        flag: "frame-length",
        label: phrase!("param-frame_length"),
        unit: phrase!("unit-samples"),
        kind: ParamKind::Int { min: 1, max: 65_536 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-frame_length.help"),
        read: |p| ParamValue::Int(p.frame_length as u64),
        write: |p, v| set(&mut p.frame_length, as_size(v)),
    },
];

/// The description of parameter `key`.
#[must_use]
pub fn param_spec(key: &str) -> Option<&'static ParamSpec<ExtractParams>> {
    PARAMS.iter().find(|spec| spec.key == key)
}

/// The descriptions of `keys`, in that order.
pub(super) fn specs(keys: &[&str]) -> Vec<ParamSpec<ExtractParams>> {
    keys.iter().filter_map(|key| param_spec(key)).copied().collect()
}

impl ExtractParams {
    /// The extractor that `extractor` names.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn extractor(&self) -> Result<&'static dyn Extractor, ParamError> {
        find(self.extractor).ok_or_else(|| {
            let ids: Vec<_> = EXTRACTORS.iter().map(|extractor| extractor.id()).collect();
            ParamError {
                key: "extractor",
                label: phrase!("param-extractor"),
                got: self.extractor.to_owned(),
                wanted: msg!("wanted-one-of", words = ids.join(", ")),
            }
        })
    }

    /// Checks every parameter that the extractor reads, each for itself and against the others.
    ///
    /// # Errors
    /// The first one that does not fit.
    pub fn validate(&self) -> Result<(), ParamError> {
        self.check(&self.extractor()?.params())
    }

    /// Where the highest mel filter ends, in Hz: `fmax_hz`, or half the sample rate.
    #[must_use]
    pub fn effective_fmax_hz(&self) -> f64 {
        if self.fmax_hz == 0.0 { f64::from(self.sample_rate_hz) / 2.0 } else { self.fmax_hz }
    }

    /// [`validate`](Self::validate) for the parameters that `specs` describes.
    pub(super) fn check(&self, specs: &[ParamSpec<Self>]) -> Result<(), ParamError> {
        for spec in specs {
            spec.check(self)?;
        }
        let half_rate_hz = f64::from(self.sample_rate_hz) / 2.0;
        let fmax_hz = self.effective_fmax_hz();
        let across = [
            ("n_fft", self.n_fft.is_multiple_of(2), msg!("wanted-even")),
            ("win_length", self.win_length <= self.n_fft, msg!("wanted-at-most-n-fft", n = self.n_fft)),
            (
                "fmax_hz",
                fmax_hz <= half_rate_hz,
                msg!("wanted-at-most-half-rate", hz = half_rate_hz.to_string()),
            ),
            ("fmin_hz", self.fmin_hz < fmax_hz, msg!("wanted-below-fmax", hz = fmax_hz.to_string())),
            ("num_mfcc", self.num_mfcc <= self.num_mels, msg!("wanted-at-most-num-mels", n = self.num_mels)),
        ];
        for (key, fits, wanted) in across {
            if let Some(spec) = specs.iter().find(|spec| spec.key == key && !fits) {
                let got = (spec.read)(self).to_string();
                return Err(ParamError { key, label: spec.label, got, wanted });
            }
        }
        Ok(())
    }
}

fn as_size(value: ParamValue) -> Option<usize> {
    value.as_int().and_then(|v| usize::try_from(v).ok())
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
