//! What is worth knowing about a quantizer's file before it is used. What is wrong with the quantizer is for the doctor to say.

use crate::rvq::Rvq;
use crate::text::{Message, msg};

/// Findings on every layer. `has_sizes` tells for each layer whether its cluster sizes come from the file.
pub(super) fn findings(rvq: &Rvq, has_sizes: &[bool]) -> Vec<Message> {
    let mut findings = Vec::new();
    let sizes: Vec<usize> = rvq.layers().iter().map(|layer| layer.codebook.num_codes()).collect();
    if sizes.windows(2).any(|pair| pair.first() != pair.last()) {
        findings.push(msg!("layout-sizes-differ", sizes = format!("{sizes:?}")));
    }
    for (layer_idx, (layer, &has_sizes)) in rvq.layers().iter().zip(has_sizes).enumerate() {
        if has_sizes && layer.codebook.cluster_size().iter().all(|&size| size == 0.0) {
            findings.push(in_layer(layer_idx, msg!("layout-never-trained")));
        }
    }
    findings
}

/// What is told of one layer.
pub(super) fn in_layer(layer_idx: usize, finding: Message) -> Message {
    msg!("layout-in-layer", layer = layer_idx, finding = finding)
}

/// A list of messages in a file, each as [`stored`](crate::text::stored) writes it.
pub(super) mod in_files {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::text::Message;

    #[derive(Serialize, Deserialize)]
    struct Kept(#[serde(with = "crate::text::stored")] Message);

    pub(in super::super) fn serialize<S: Serializer>(list: &[Message], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(list.iter().map(|message| Kept(message.clone())))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Message>, D::Error> {
        let list = Vec::<Kept>::deserialize(from)?;
        Ok(list.into_iter().map(|Kept(message)| message).collect())
    }
}
