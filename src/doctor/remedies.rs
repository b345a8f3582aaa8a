//! What helps against codes that are not used goes by what the run was trained under.

use super::Finding;
use crate::rvq::InitMethod;
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
        () if !run.params_known && standing.advised > 0.0 => finding
            .remedy(format!("Train it on with replacement of codes below {advised}"))
            .rule_that_replaces(),
        () if !run.params_known => {
            finding.remedy("Train it on with replacement of dead codes").rule_that_replaces()
        }
        () if params.rule == "encodec" => finding
            .remedy("Use another rule: what this one replaces is written over in the same step")
            .rule_that_replaces(),
        () if params.rule == "gpt-sovits" => finding
            .remedy("Use another rule: what this one replaces is pulled back at the next step")
            .rule_that_replaces(),
        () if frames > 0 && num_codes > frames => finding
            .remedy(format!("Use fewer codes: there are {frames} frames to train on"))
            .change("codebook_size", super::codes_borne_by(frames) as f64),
        () if standing.frames <= 0.0 && standing.uniform > 0.0 => finding
            .remedy(format!("Turn replacement on, with a threshold of {advised}"))
            .change("threshold_ema_dead_code", in_unit),
        () if standing.is_too_high => finding
            .remedy(format!("Lower the threshold to {advised}"))
            .change("threshold_ema_dead_code", in_unit),
        () if params.init == InitMethod::Uniform => {
            finding.remedy("Start from k-means").change_word("init", "kmeans")
        }
        () if standing.frames < LOW * standing.advised => finding
            .remedy(format!("Raise the threshold to {advised}"))
            .change("threshold_ema_dead_code", in_unit),
        () => {
            let fewer = used.max(1).next_power_of_two().min(num_codes);
            finding
                .remedy(format!("Use fewer codes: {fewer} would do"))
                .change("codebook_size", fewer.max(2) as f64)
        }
    };
}
