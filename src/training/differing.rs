//! In which parameters runs are not all the same.

use serde_json::Value;

/// The keys whose values are not the same in all runs that have them, in the order in which they come up. A run whose parameters are not known, or
/// whose rule has no such parameter, is not asked.
#[must_use]
pub fn differing<K: AsRef<str>>(runs: &[Option<Vec<(K, Value)>>]) -> Vec<&str> {
    let known = || runs.iter().flatten();
    let of = |key: &str, run: &'_ Vec<(K, Value)>| {
        run.iter().find(|(own, _)| own.as_ref() == key).map(|(_, value)| value.clone())
    };
    let differs = |key: &str| {
        let mut values = known().filter_map(|run| of(key, run));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let mut keys: Vec<(&str, bool)> = Vec::new();
    for key in known().flatten().map(|(key, _)| key.as_ref()) {
        if keys.iter().all(|(seen, _)| *seen != key) {
            keys.push((key, differs(key)));
        }
    }
    keys.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_differs_where_two_runs_have_it_otherwise() {
        let run = |decay: f64, codes: u64| {
            Some(vec![("decay", Value::from(decay)), ("codes", codes.into()), ("seed", 0.into())])
        };
        let without_decay = Some(vec![("codes", Value::from(4)), ("steps", 9.into())]);
        assert_eq!(differing(&[run(0.9, 4), run(0.9, 8), None]), ["codes"]);
        assert_eq!(differing(&[run(0.9, 4), run(0.5, 4), without_decay.clone()]), ["decay"]);
        assert!(differing(&[run(0.9, 4), without_decay]).is_empty());
        assert!(differing::<&str>(&[None, None]).is_empty());
    }
}
