//! How files are read, as JSON, by the keys of the parameters' descriptions.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::audio::ChannelChoice;
use crate::features::{self, ExtractParams};
use crate::io::{Cleaning, Need};

use super::DataSpec;

impl DataSpec {
    /// The specification as JSON; what nothing was chosen for is left out.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let Self { extract, channel, frame_rate_hz, time_axis, codebook_size, quantizer, .. } = self;
        // What is needed of a file goes with the place where it is asked for.
        let Self { read_as, need: _, model, cleaning, dim, drop_nonfinite, .. } = self;
        let mut map = Map::new();
        map.insert("extractor".to_owned(), extract.extractor.into());
        for spec in features::PARAMS {
            map.insert(spec.key.to_owned(), (spec.read)(extract).to_json());
        }
        put(&mut map, "channel", channel);
        put(&mut map, "frame_rate_hz", frame_rate_hz);
        put(&mut map, "time_axis", time_axis);
        put(&mut map, "codebook_size", codebook_size);
        put(&mut map, "quantizer", quantizer);
        put(&mut map, "model", model);
        put(&mut map, "read_as", read_as);
        put(&mut map, "cleaning", &Some(cleaning).filter(|cleaning| **cleaning != Cleaning::default()));
        put(&mut map, "dim", dim);
        put(&mut map, "drop_nonfinite", &drop_nonfinite.then_some(true));
        map
    }

    /// The specification that [`DataSpec::to_json`] wrote; what is missing or makes no sense is as by default.
    #[must_use]
    pub fn from_json(map: &Map<String, Value>) -> Self {
        let mut extract = ExtractParams::default();
        if let Some(extractor) = map.get("extractor").and_then(Value::as_str).and_then(features::find) {
            extract.extractor = extractor.id();
        }
        for spec in features::PARAMS {
            let text = match map.get(spec.key) {
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None => continue,
            };
            if let Ok(value) = spec.parse(&text) {
                (spec.write)(&mut extract, value);
            }
        }
        if extract.validate().is_err() {
            extract = ExtractParams::default();
        }
        Self {
            extract,
            channel: part(map, "channel").unwrap_or(ChannelChoice::Mix),
            time_axis: part(map, "time_axis"),
            frame_rate_hz: part::<f64>(map, "frame_rate_hz").filter(|rate| rate.is_finite() && *rate > 0.0),
            codebook_size: part::<usize>(map, "codebook_size").filter(|&size| size > 0),
            quantizer: part(map, "quantizer"),
            model: part(map, "model"),
            read_as: part(map, "read_as"),
            need: Need::Anything,
            cleaning: part(map, "cleaning").unwrap_or_default(),
            dim: part::<usize>(map, "dim").filter(|&dim| dim > 0),
            drop_nonfinite: part(map, "drop_nonfinite").unwrap_or(false),
        }
    }
}

fn put<T: Serialize>(map: &mut Map<String, Value>, key: &str, value: &T) {
    if let Ok(value) = serde_json::to_value(value)
        && !value.is_null()
    {
        map.insert(key.to_owned(), value);
    }
}

fn part<T: DeserializeOwned>(map: &Map<String, Value>, key: &str) -> Option<T> {
    serde_json::from_value(map.get(key)?.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{ModelOptions, ReadAs, TimeAxis};

    #[test]
    fn what_was_chosen_comes_back_and_nonsense_does_not() {
        let mut spec =
            DataSpec { channel: ChannelChoice::Only(2), frame_rate_hz: Some(12.5), ..DataSpec::default() };
        (spec.time_axis, spec.codebook_size, spec.quantizer) =
            (Some(TimeAxis::Columns), Some(77), Some("a at b.".to_owned()));
        let metric = Some(crate::rvq::Metric::Cosine);
        let options = ModelOptions { strides: Some(vec![4, 2, 1]), metric, codebook: None };
        spec.model = Some(("a/b.pth".into(), options));
        spec.extract.num_mels = 33;
        (spec.read_as, spec.dim, spec.drop_nonfinite) = (Some(ReadAs::Codes), Some(64), true);
        spec.cleaning = Cleaning { ignore: vec![-1, 2048], delay: Some(vec![0, 1]), offsets: None };
        assert_eq!(DataSpec::from_json(&spec.to_json()), spec);
        assert_eq!(DataSpec::from_json(&DataSpec::default().to_json()), DataSpec::default());
        let mut nonsense = spec.to_json();
        nonsense.insert("frame_rate_hz".to_owned(), (-3.0).into());
        nonsense.insert("channel".to_owned(), "left".into());
        let read = DataSpec::from_json(&nonsense);
        assert_eq!((read.frame_rate_hz, read.channel), (None, ChannelChoice::Mix));
    }
}
