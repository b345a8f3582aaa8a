//! Real numbers in JSON that come back as they were: JSON has no word for what is not finite, so those are texts.

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// A value made of real numbers; for `#[serde(with = "exact")]`.
pub(super) trait Exact: Sized {
    /// What stands in the file for it.
    type Stored: Serialize + for<'de> Deserialize<'de>;
    /// The value in the form of the file.
    fn store(&self) -> Self::Stored;
    /// The value that the file holds.
    fn restore(stored: Self::Stored) -> Self;
}

/// One number in the form of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored(f64);

impl Exact for f64 {
    type Stored = Stored;

    fn store(&self) -> Stored {
        Stored(*self)
    }

    fn restore(stored: Stored) -> Self {
        stored.0
    }
}

impl<T: Exact> Exact for Option<T> {
    type Stored = Option<T::Stored>;

    fn store(&self) -> Self::Stored {
        self.as_ref().map(T::store)
    }

    fn restore(stored: Self::Stored) -> Self {
        stored.map(T::restore)
    }
}

impl<T: Exact> Exact for Vec<T> {
    type Stored = Vec<T::Stored>;

    fn store(&self) -> Self::Stored {
        self.iter().map(T::store).collect()
    }

    fn restore(stored: Self::Stored) -> Self {
        stored.into_iter().map(T::restore).collect()
    }
}

pub(super) fn serialize<T: Exact, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.store().serialize(serializer)
}

pub(super) fn deserialize<'de, T: Exact, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::Stored::deserialize(deserializer).map(T::restore)
}

impl Serialize for Stored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            v if v.is_finite() => serializer.serialize_f64(v),
            v if v.is_nan() => serializer.serialize_str("nan"),
            v if v > 0.0 => serializer.serialize_str("inf"),
            _ => serializer.serialize_str("-inf"),
        }
    }
}

impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Stored;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number") // of a JSON reader, not a text
            }

            fn visit_f64<E: Error>(self, v: f64) -> Result<Stored, E> {
                Ok(Stored(v))
            }

            fn visit_u64<E: Error>(self, v: u64) -> Result<Stored, E> {
                Ok(Stored(v as f64))
            }

            fn visit_i64<E: Error>(self, v: i64) -> Result<Stored, E> {
                Ok(Stored(v as f64))
            }

            fn visit_str<E: Error>(self, v: &str) -> Result<Stored, E> {
                match v {
                    "nan" => Ok(Stored(f64::NAN)),
                    "inf" => Ok(Stored(f64::INFINITY)),
                    "-inf" => Ok(Stored(f64::NEG_INFINITY)),
                    _ => Err(E::custom("this text is no number")), // of a JSON reader, not a text
                }
            }
        }

        deserializer.deserialize_any(Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Both {
        #[serde(with = "super")]
        one: f64,
        #[serde(with = "super")]
        many: Option<Vec<f64>>,
    }

    #[test]
    fn every_number_comes_back_bit_by_bit() {
        let hard =
            [0.1 + 0.2, -0.0, 5e-324, f64::MAX, f64::MIN_POSITIVE, 1e22, f64::INFINITY, -f64::INFINITY];
        for one in hard {
            let text = serde_json::to_string(&Both { one, many: Some(hard.to_vec()) }).unwrap();
            let back: Both = serde_json::from_str(&text).unwrap();
            assert_eq!(back.one.to_bits(), one.to_bits(), "{text}");
            let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&back.many.unwrap()), bits(&hard));
        }
        let text = serde_json::to_string(&Both { one: f64::NAN, many: None }).unwrap();
        let back: Both = serde_json::from_str(&text).unwrap();
        assert!(back.one.is_nan() && back.many.is_none());
        assert!(serde_json::from_str::<Both>("{\"one\": \"many\", \"many\": null}").is_err());
    }
}
