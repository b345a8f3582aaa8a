//! Parameters of a training: every one of them by the key of its description, whether or not the rule reads it.

use serde_json::{Map, Value};

use super::error::Fault;
use crate::param::{ParamKind, ParamValue};
use crate::rvq::{Metric, PARAMS, RvqParams, rules};
use crate::text::msg;

const RULE_KEY: &str = "rule";

/// A metric that no rule trains under and no form offers, so that its parameter has no word for it.
const RAW_KEY: &str = "metric_is_cosine_raw";

/// Every parameter by its key.
///
/// # Errors
/// One is not a number.
pub(super) fn put(params: &RvqParams) -> Result<Map<String, Value>, Fault> {
    let mut map = Map::new();
    map.insert(RULE_KEY.to_owned(), params.rule.into());
    for spec in PARAMS {
        let value = (spec.read)(params).to_json();
        if value.is_null() {
            return Err(Fault::unfit(msg!("err-not-number", key = spec.key)));
        }
        map.insert(spec.key.to_owned(), value);
    }
    if params.metric == Metric::CosineRaw {
        map.insert(RAW_KEY.to_owned(), true.into());
    }
    Ok(map)
}

/// The parameters that [`put`] wrote. One that is not there is what its rule starts from.
///
/// A loaded model may lie outside of what a training takes, so ranges are checked where a training starts, not here.
///
/// # Errors
/// The rule is not known, or a value is of another kind.
pub(super) fn take(map: &Map<String, Value>) -> Result<RvqParams, Fault> {
    let rule = map.get(RULE_KEY).and_then(Value::as_str).unwrap_or_default();
    let rule = rules::find(rule).ok_or_else(|| Fault::damaged(msg!("err-unknown-rule")))?;
    let mut params = rule.defaults();
    for spec in PARAMS {
        let Some(value) = map.get(spec.key) else { continue };
        let value = of_kind(&spec.kind, value);
        let value = value.ok_or_else(|| Fault::damaged(msg!("err-no-value", key = spec.key)))?;
        (spec.write)(&mut params, value);
    }
    if map.contains_key(RAW_KEY) {
        params.metric = Metric::CosineRaw;
    }
    Ok(params)
}

fn of_kind(kind: &ParamKind, value: &Value) -> Option<ParamValue> {
    match kind {
        ParamKind::Int { .. } | ParamKind::Paths { .. } => value.as_u64().map(ParamValue::Int),
        ParamKind::Float { .. } => value.as_f64().map(ParamValue::Float),
        ParamKind::Choice(words) => {
            let word = value.as_str()?;
            words.iter().find(|known| **known == word).copied().map(ParamValue::Choice)
        }
        ParamKind::Bool => value.as_bool().map(ParamValue::Bool),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rvq::rules::RULES;
    use crate::rvq::{Assignment, BatchOrder, InitMethod};

    #[test]
    fn every_parameter_comes_back_under_every_rule_even_those_that_it_does_not_read() {
        for rule in RULES {
            let params = RvqParams {
                num_layers: 300,
                codebook_size: 1 << 20,
                codebook_dim: 7,
                decay: 0.1 + 0.2,
                epsilon: 5e-324,
                threshold_ema_dead_code: 0.1,
                reset_cluster_size: -0.0,
                metric: Metric::CosineRaw,
                assignment: Assignment::Upstream,
                init: InitMethod::Uniform,
                kmeans_iters: 3,
                commitment_weight: 1e6 + 0.1,
                batch_size: 77,
                steps: u64::MAX / 2,
                order: BatchOrder::Sequential,
                quantizer_dropout: true,
                calibrate: true,
                seed: u64::MAX - 3,
                ..rule.defaults()
            };
            let text = Value::Object(put(&params).unwrap()).to_string();
            let Value::Object(map) = serde_json::from_str(&text).unwrap() else { panic!("{text}") };
            let back = take(&map).unwrap();
            assert_eq!(back, params, "{text}");
            assert!(back.reset_cluster_size.is_sign_negative());
            assert_eq!(take(&put(&rule.defaults()).unwrap()).unwrap(), rule.defaults());
        }
    }

    #[test]
    fn what_is_no_parameter_is_refused() {
        assert!(put(&RvqParams { decay: f64::NAN, ..RvqParams::default() }).is_err());
        let mut map = put(&RvqParams::default()).unwrap();
        map.insert("decay".to_owned(), Value::Null);
        assert!(take(&map).is_err());
        map.insert("decay".to_owned(), 0.5.into());
        assert_eq!(take(&map).unwrap().decay, 0.5);
        map.insert("order".to_owned(), "backwards".into());
        assert!(take(&map).is_err());
        assert!(take(&Map::new()).is_err());
    }
}
