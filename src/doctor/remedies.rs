//! What helps against codes that are not used goes by what the run was trained under.

use super::Finding;
use crate::rvq::InitMethod;
use crate::text::msg;
use crate::training::{Run, ThresholdStanding};

/// A threshold below this share of the advised one lets codes die for long.
const LOW: f64 = 0.5;

/// Says what to change where only `used` codes of a layer are in use.
pub(super) fn of_unused(finding: &mut Finding, run: &Run, layer: usize, used: usize) {
    let (params, standing) = (&run.params, ThresholdStanding::of(run, layer));
    let num_codes = run.rvq.layers().get(layer).map_or(0, |layer| layer.codebook.num_codes());
    let frames = run.source.train_frames;
    let advised = standing.advised_words();
    let in_unit = super::replacement::in_unit_of(params.rule, &standing);
    match () {
        () if !run.params_known && standing.advised > 0.0 => {
            finding.remedy(msg!("remedy-replacement-below", threshold = advised)).rule_that_replaces()
        }
        () if !run.params_known => finding.remedy(msg!("remedy-replacement")).rule_that_replaces(),
        () if params.rule == "encodec" => finding.remedy(msg!("remedy-rule-overwrites")).rule_that_replaces(),
        () if params.rule == "gpt-sovits" => {
            finding.remedy(msg!("remedy-rule-snaps-back")).rule_that_replaces()
        }
        () if frames > 0 && num_codes > frames => finding
            .remedy(msg!("remedy-codes-for-frames", frames = frames))
            .change("codebook_size", super::codes_borne_by(frames) as f64),
        () if standing.frames <= 0.0 && standing.uniform > 0.0 => finding
            .remedy(msg!("training-threshold-turn-on", threshold = advised))
            .change("threshold_ema_dead_code", in_unit),
        () if standing.is_too_high => finding
            .remedy(msg!("training-threshold-lower", threshold = advised))
            .change("threshold_ema_dead_code", in_unit),
        () if params.init == InitMethod::Uniform => {
            finding.remedy(msg!("remedy-start-kmeans")).change_word("init", "kmeans")
        }
        () if standing.frames < LOW * standing.advised => finding
            .remedy(msg!("remedy-threshold-raise", threshold = advised))
            .change("threshold_ema_dead_code", in_unit),
        () => {
            let fewer = used.max(1).next_power_of_two().min(num_codes);
            finding
                .remedy(msg!("remedy-fewer-codes", codes = fewer))
                .change("codebook_size", fewer.max(2) as f64)
        }
    };
}
