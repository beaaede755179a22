//! The words of one plugin: what the generated types tell the runtime about themselves.

use crate::facts::{FactSpec, Facts};
use core::fmt::Debug;

/// An entry of a closed list of ids: a data category, an operation, a reason, an obligation, or a value of a
/// fact. [`plugin!`](crate::plugin) implements it for the enums that it generates.
pub trait Term: Copy + Eq + Debug + 'static {
    /// Every entry. Data categories and operations are sorted by id; the others stand as they are declared.
    const ALL: &'static [Self];

    /// The id as the manifest and the taxonomy write it.
    fn id(self) -> &'static str;

    /// The entry with this id, or `None` when the list does not have it.
    fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|term| same(term.id(), id))
    }
}

/// Everything that one `plugin.toml` declares, as types. [`plugin!`](crate::plugin) implements it for the
/// marker type `Plugin`; authors use the aliases `Request` and `Verdict` instead.
pub trait Vocabulary: Sized + 'static {
    /// One variant per declared purpose, with the facts of its activities.
    type Purpose<'a>: Copy + Debug;
    /// The declared data categories.
    type Data: Term;
    /// The declared operations.
    type Operation: Term;
    /// The declared reasons.
    type Reason: Term;
    /// The declared obligations.
    type Obligation: Term;
    /// How to recognise each declared purpose and what its activities read.
    #[doc(hidden)]
    const PURPOSES: &'static [PurposeSpec<Self>];
    /// What a host may ask: for the test kit, which is all that looks at it.
    #[doc(hidden)]
    const ACTIVITIES: &'static [ActivitySpec<Self>];
}

/// One declared purpose: its id, the facts that come with it (sorted by name), and its variant.
#[doc(hidden)]
#[derive(Debug)]
pub struct PurposeSpec<V: Vocabulary> {
    pub id: &'static str,
    pub facts: &'static [FactSpec],
    pub variant: for<'a> fn(Facts<'a>) -> V::Purpose<'a>,
}

/// One declared activity: what it covers, and the facts that come with a request for it.
#[doc(hidden)]
#[derive(Debug)]
pub struct ActivitySpec<V: Vocabulary> {
    pub id: &'static str,
    pub purpose: &'static str,
    pub operations: &'static [V::Operation],
    pub data: &'static [V::Data],
    pub reads: &'static [&'static str],
    pub optional_reads: &'static [&'static str],
}

/// Whether two texts are equal, eight bytes at a time. On wasm32 the standard comparison goes byte by byte, and
/// comparing ids is most of what a plugin does.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let (one, one_rest) = one.as_bytes().as_chunks::<8>();
    let (other, other_rest) = other.as_bytes().as_chunks::<8>();
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    one.len() == other.len()
        && one_rest.len() == other_rest.len()
        && one.iter().zip(other).all(|(one, other)| word(one) == word(other))
        && one_rest.iter().zip(other_rest).all(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn texts_are_the_same_when_every_byte_is() {
        let text = "controls.personalisation-of-";
        for end in 0..text.len() {
            assert!(same(&text[..end], &text.replace('#', "")[..end]));
            assert!(!same(&text[..end], &text[..=end]));
            for at in 0..end {
                let mut changed = text[..end].to_owned();
                changed.replace_range(at..=at, "#");
                assert!(!same(&text[..end], &changed), "{changed}");
            }
        }
    }
}
