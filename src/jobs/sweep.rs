//! Trainings over several values of parameters: every combination, with several seeds each.

use crate::param::{ParamError, ParamSpec, ParamValue};
use crate::rvq::rules::{self, RULES, UpdateRule};
use crate::rvq::{PARAMS, RvqParams, ValidRvqParams};
use crate::text::t;

/// A parameter and the values that it takes in turn.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepAxis {
    /// The flag that the parameter has on the command line; `rule` for the update rule.
    pub flag: String,
    /// Its values, as they are written.
    pub values: Vec<String>,
}

/// One training of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepMember {
    /// In what it differs: `codes 256, layers 4, seed 1`.
    pub label: String,
    /// Its values, one for each axis, in their order.
    pub values: Vec<String>,
    /// How it trains.
    pub params: ValidRvqParams,
}

/// What can be wrong with a sweep as it is written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SweepError {
    /// An axis is not of the form `name=value,value`.
    #[error("{}", t!("axis-malformed", axis = format!("{:?}", .0)))]
    NoAxis(String),
    /// No parameter has this name.
    #[error("{}", t!("axis-unknown", name = format!("{:?}", .name), rule = *.rule, known = .known))]
    Unknown {
        /// What was written.
        name: String,
        /// The rule.
        rule: &'static str,
        /// What there is.
        known: String,
    },
    /// A parameter is not read by the rule.
    #[error("{}", t!("axis-not-read", flag = *.flag, rule = *.rule, readers = .readers))]
    NotRead {
        /// The parameter.
        flag: &'static str,
        /// The rule.
        rule: &'static str,
        /// The rules that read it.
        readers: String,
    },
    /// There is no such rule.
    #[error("{}", t!("no-such-rule", rule = format!("{:?}", .0), known = .1))]
    UnknownRule(String, String),
    /// An axis stands there twice.
    #[error("{}", t!("axis-twice", axis = .0))]
    Twice(String),
    /// A value of an axis stands there twice.
    #[error("{}", t!("axis-value-twice", axis = .0, value = .1))]
    TwiceTheValue(String, String),
    /// Seeds are an axis, and several are asked for besides.
    #[error("{}", t!("sweep-seeds-twice"))]
    SeedsTwice,
    /// A value is outside of its range.
    #[error(transparent)]
    Value(#[from] ParamError),
    /// There are more combinations than anybody waits for.
    #[error("{}", t!("sweep-too-many", count = *.0, most = SWEEP_MOST))]
    TooMany(usize),
    /// There is no seed.
    #[error("{}", t!("sweep-no-seed"))]
    NoSeed,
}

/// Trainings that a sweep has at the most.
pub const SWEEP_MOST: usize = 1000;

/// Reads an axis: `codes=256,1024`. Names and values come out as the program writes them, so that the same axis is always the same text.
///
/// # Errors
/// It is not of that form, or has a value twice.
pub fn axis_of(text: &str) -> Result<SweepAxis, SweepError> {
    let wrong = || SweepError::NoAxis(text.to_owned());
    let (flag, values) = text.split_once('=').ok_or_else(wrong)?;
    let spec = PARAMS.iter().find(|spec| [spec.flag, spec.key].contains(&flag.trim()));
    let flag = spec.map_or(flag.trim(), |spec| spec.flag).to_owned();
    // What does not parse stays as it is: what is wrong with it depends on the rule, and is said by `members_of`.
    let written = |value: &str| {
        let value = value.trim();
        spec.and_then(|spec| spec.kind.parse(value)).map_or(value.to_owned(), |value| value.to_string())
    };
    let values: Vec<String> = values.split(',').map(written).collect();
    if flag.is_empty() || values.iter().any(String::is_empty) {
        return Err(wrong());
    }
    let repeated = values.iter().enumerate().find(|(nth, value)| values[..*nth].contains(value));
    match repeated {
        Some((_, value)) => Err(SweepError::TwiceTheValue(flag, value.clone())),
        None => Ok(SweepAxis { flag, values }),
    }
}

/// Every combination of the values of `axes`, each with `seeds` seeds from that of `base` on; the first axis changes slowest.
///
/// What no axis names is as in `base`; with an axis `rule`, a threshold that is not swept is each rule's own default, since its unit is.
///
/// # Errors
/// An axis names no parameter or stands there twice, a value is outside of its range, or there are too many combinations.
pub fn members_of(axes: &[SweepAxis], seeds: u64, base: &RvqParams) -> Result<Vec<SweepMember>, SweepError> {
    if seeds == 0 {
        return Err(SweepError::NoSeed);
    }
    for (nth, axis) in axes.iter().enumerate() {
        if axes[..nth].iter().any(|other| other.flag == axis.flag) {
            return Err(SweepError::Twice(axis.flag.clone()));
        }
    }
    if seeds > 1 && axes.iter().any(|axis| axis.flag == "seed") {
        return Err(SweepError::SeedsTwice);
    }
    let combinations = axes.iter().fold(1usize, |n, axis| n.saturating_mul(axis.values.len()));
    let count = combinations.saturating_mul(usize::try_from(seeds).unwrap_or(usize::MAX));
    if count > SWEEP_MOST {
        return Err(SweepError::TooMany(count));
    }
    let mut members = Vec::with_capacity(count);
    for nth in 0..combinations {
        let values = values_at(axes, nth);
        // The rule first: which parameters there are depends on it.
        let mut params = *base;
        let by_rule = axes.iter().zip(&values).filter(|(axis, _)| axis.flag == "rule");
        for (_, value) in by_rule {
            params = with_rule(&params, value)?;
        }
        for (axis, value) in axes.iter().zip(&values).filter(|(axis, _)| axis.flag != "rule") {
            set(&mut params, &axis.flag, value)?;
        }
        let words = axes.iter().zip(&values).map(|(axis, value)| match axis.flag.as_str() {
            "rule" => value.clone(),
            flag => format!("{flag} {value}"),
        });
        let label = words.collect::<Vec<_>>().join(", ");
        for nth_seed in 0..seeds {
            let seed = base.seed.wrapping_add(nth_seed);
            let label = match (label.is_empty(), seeds) {
                (true, _) => format!("seed {seed}"),
                (false, 1) => label.clone(),
                (false, _) => format!("{label}, seed {seed}"), // not a text: a run's name
            };
            let params =
                RvqParams { seed: if seeds > 1 { seed } else { params.seed }, ..params }.validate()?;
            members.push(SweepMember { label, values: values.clone(), params });
        }
    }
    Ok(members)
}

/// The values of combination `nth`, the last axis changing fastest.
fn values_at(axes: &[SweepAxis], mut nth: usize) -> Vec<String> {
    let mut values = Vec::with_capacity(axes.len());
    for axis in axes.iter().rev() {
        values.push(axis.values[nth % axis.values.len()].clone());
        nth /= axis.values.len();
    }
    values.reverse();
    values
}

fn with_rule(params: &RvqParams, id: &str) -> Result<RvqParams, SweepError> {
    let rule = rules::find(id).ok_or_else(|| {
        let known: Vec<&str> = RULES.iter().map(|rule| rule.id()).collect();
        SweepError::UnknownRule(id.to_owned(), known.join(", "))
    })?;
    Ok(if rule.id() == params.rule { *params } else { params.with_rule(rule) })
}

fn set(params: &mut RvqParams, flag: &str, value: &str) -> Result<ParamValue, SweepError> {
    let rule = rules::rule(params.rule);
    let specs = rule.params();
    let spec = specs.iter().find(|spec| spec.flag == flag || spec.key == flag);
    let spec = spec.ok_or_else(|| unknown(flag, rule))?;
    let value = spec.parse(value)?;
    (spec.write)(params, value);
    Ok(value)
}

/// Why `rule` has no parameter of this name.
fn unknown(flag: &str, rule: &'static dyn UpdateRule) -> SweepError {
    let named = |spec: &ParamSpec<RvqParams>| spec.flag == flag || spec.key == flag;
    match PARAMS.iter().find(|spec| named(spec)) {
        Some(spec) => {
            let readers = RULES.iter().filter(|other| other.params().iter().any(named));
            let readers = readers.map(|other| other.id()).collect::<Vec<_>>().join(", ");
            SweepError::NotRead { flag: spec.flag, rule: rule.id(), readers }
        }
        None => {
            let known = rule.params().iter().map(|spec| spec.flag).collect::<Vec<_>>().join(", ");
            SweepError::Unknown { name: flag.to_owned(), rule: rule.id(), known }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axes: &[&str], seeds: u64) -> Result<Vec<String>, SweepError> {
        let axes = axes.iter().map(|text| axis_of(text)).collect::<Result<Vec<_>, _>>()?;
        let members = members_of(&axes, seeds, &RvqParams::default())?;
        Ok(members.into_iter().map(|member| member.label).collect())
    }

    #[test]
    fn every_combination_stands_there_once() {
        let found = labels(&["codes=256, 1024", "layers=4,8"], 1).unwrap();
        let wanted =
            ["codes 256, layers 4", "codes 256, layers 8", "codes 1024, layers 4", "codes 1024, layers 8"];
        assert_eq!(found, wanted);
        assert_eq!(labels(&[], 2).unwrap(), ["seed 0", "seed 1"]);
        assert_eq!(labels(&["rule=moshi,encodec"], 2).unwrap()[3], "encodec, seed 1");
    }

    #[test]
    fn values_and_seeds_reach_the_parameters() {
        let axes = [axis_of("rule=rvqscope,moshi").unwrap(), axis_of("decay=0.9,0.95").unwrap()];
        let base = RvqParams { seed: 7, ..RvqParams::default() };
        let members = members_of(&axes, 3, &base).unwrap();
        let last = members.last().unwrap();
        assert_eq!(
            (members.len(), last.params.rule, last.params.decay, last.params.seed),
            (12, "moshi", 0.95, 9)
        );
        assert_eq!(last.values, ["moshi", "0.95"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let fails = |axes: &[&str], seeds| labels(axes, seeds).unwrap_err().to_string();
        assert!(fails(&["codes"], 1).contains("codes=256,1024"));
        assert!(fails(&["codes=1,"], 1).contains("no axis"));
        assert!(fails(&["colour=red"], 1).contains("no parameter"));
        assert!(fails(&["metric=cosine"], 1).contains("read by lucidrains"));
        assert!(fails(&["rule=faiss"], 1).contains("no rule"));
        assert!(fails(&["decay=2"], 1).contains("decay"));
        assert!(fails(&["codes=1", "codes=2"], 1).contains("twice"));
        assert!(fails(&["codes=8", "codebook_size=9"], 1).contains("codes is swept twice"));
        assert!(fails(&["codes=8,08"], 1).contains("value 8 twice"));
        assert!(fails(&["seed=1,2"], 2).contains("seed is swept"));
        assert!(fails(&["codes=256"], 0).contains("seed"));
        assert!(fails(&["codes=256,512"], 501).contains("1002"));
    }
}
