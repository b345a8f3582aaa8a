//! Values that are computed once for as long as what they depend on stays the same.

use std::sync::Arc;

/// A key that is the same for as long as it is the very same value, without looking into it. It holds the value, so that its place is not given to
/// another one.
#[derive(Debug)]
pub struct ByPtr<T>(pub Arc<T>);

impl<T> Clone for ByPtr<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> PartialEq for ByPtr<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// One remembered value and the key it was computed for.
#[derive(Debug, Clone)]
pub struct Memo<K, V> {
    kept: Option<(K, V)>,
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self { kept: None }
    }
}

impl<K: PartialEq, V> Memo<K, V> {
    /// Nothing remembered yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { kept: None }
    }

    /// The value that was computed last.
    #[must_use]
    pub fn last(&self) -> Option<&V> {
        self.kept.as_ref().map(|(_, value)| value)
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
    fn the_same_value_elsewhere_is_another_key() {
        let value = Arc::new(7);
        assert_eq!(ByPtr(value.clone()), ByPtr(value.clone()));
        assert_ne!(ByPtr(value), ByPtr(Arc::new(7)));
    }

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
