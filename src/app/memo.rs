//! Values that are computed once for as long as what they depend on stays the same.

/// One remembered value and the key it was computed for.
#[derive(Debug, Clone, Default)]
pub struct Memo<K, V> {
    kept: Option<(K, V)>,
}

impl<K: PartialEq, V> Memo<K, V> {
    /// Nothing remembered yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { kept: None }
    }

    /// The value for `key`, computed only where the key is not the last one.
    pub fn get(&mut self, key: K, compute: impl FnOnce() -> V) -> &V {
        let kept = self.kept.take().filter(|(kept, _)| *kept == key);
        let (_, value) = self.kept.insert(kept.unwrap_or_else(|| {
            let value = compute();
            (key, value)
        }));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_once_a_key() {
        let mut memo = Memo::new();
        let mut computed = 0;
        for key in [1, 1, 2, 2, 1] {
            memo.get(key, || computed += 1);
        }
        assert_eq!(computed, 3);
    }
}
