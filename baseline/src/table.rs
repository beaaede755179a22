//! Numbered entries, sets of them as bits, and hierarchies closed at load.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// What every entry of a [`Table`] has.
pub trait Entry {
    /// What an entry is called in messages: `data category`, `purpose` …
    const WHAT: &'static str;

    /// Its id, unique in its table.
    fn id(&self) -> &str;
}

/// The number of one entry in its [`Table`]. Numbers of different tables cannot be mixed up.
pub struct Id<T> {
    index: u16,
    table: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    pub(crate) fn new(index: usize) -> Self {
        // A table refuses its 65,536th entry at load, so the number always fits.
        Self {
            index: u16::try_from(index).unwrap_or(u16::MAX),
            table: PhantomData,
        }
    }

    /// The position of the entry in its table, counted from zero.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.index)
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.index.cmp(&other.index)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.index.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.index)
    }
}

/// A set of entries of one [`Table`], one bit each.
///
/// The first entries lie in place, always as many: what is done with them is a few instructions without a branch. A set
/// for a larger table is as correct.
pub struct Set<T> {
    first: [u64; FIRST],
    rest: Vec<u64>,
    table: PhantomData<fn() -> T>,
}

/// Room for 384 entries in place: more than any table of the embedded policy has.
const FIRST: usize = 6;

const BITS: usize = u64::BITS as usize;

impl<T> Set<T> {
    /// The empty set, for a table of `size` entries.
    #[must_use]
    pub fn empty(size: usize) -> Self {
        Self {
            first: [0; FIRST],
            rest: vec![0; size.div_ceil(BITS).saturating_sub(FIRST)],
            table: PhantomData,
        }
    }

    /// The empty set, for the same table as another set.
    #[must_use]
    pub fn like(other: &Self) -> Self {
        Self {
            first: [0; FIRST],
            rest: vec![0; other.rest.len()],
            table: PhantomData,
        }
    }

    /// The set of all entries of a table of `size` entries.
    #[must_use]
    pub fn full(size: usize) -> Self {
        let mut set = Self::empty(size);
        (0..size).for_each(|index| set.insert(Id::new(index)));
        set
    }

    fn word(&self, id: Id<T>) -> Option<&u64> {
        let at = id.index() / BITS;
        self.first.get(at).or_else(|| self.rest.get(at - FIRST))
    }

    fn word_mut(&mut self, id: Id<T>) -> Option<&mut u64> {
        let at = id.index() / BITS;
        match self.first.get_mut(at) {
            Some(word) => Some(word),
            None => self.rest.get_mut(at - FIRST),
        }
    }

    /// Adds an entry. An entry of a table larger than the set has room for is left out.
    pub fn insert(&mut self, id: Id<T>) {
        if let Some(word) = self.word_mut(id) {
            *word |= 1 << (id.index() % BITS);
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, id: Id<T>) {
        if let Some(word) = self.word_mut(id) {
            *word &= !(1 << (id.index() % BITS));
        }
    }

    /// Whether the entry is in the set.
    #[must_use]
    pub fn contains(&self, id: Id<T>) -> bool {
        self.word(id)
            .is_some_and(|word| word >> (id.index() % BITS) & 1 == 1)
    }

    /// Whether the set has no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.iter().fold(0, |all, word| all | word) == 0 && self.rest.iter().all(|word| *word == 0)
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        let words = self.first.iter().chain(&self.rest);
        words.map(|word| word.count_ones() as usize).sum()
    }

    /// Whether some bit is set in a word that is made of one word of each set.
    fn any(&self, other: &Self, both: impl Fn(u64, u64) -> u64) -> bool {
        let first = self.first.iter().zip(&other.first);
        first.fold(0, |all, (a, b)| all | both(*a, *b)) != 0
            || self.rest.iter().zip(&other.rest).any(|(a, b)| both(*a, *b) != 0)
    }

    /// Replaces each word by one that is made of it and the word of the other set.
    fn change(&mut self, other: &Self, both: impl Fn(u64, u64) -> u64) {
        let first = self.first.iter_mut().zip(&other.first);
        first.for_each(|(a, b)| *a = both(*a, *b));
        let rest = self.rest.iter_mut().zip(&other.rest);
        rest.for_each(|(a, b)| *a = both(*a, *b));
    }

    /// Whether both sets have an entry in common.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.any(other, |a, b| a & b)
    }

    /// Whether every entry of this set is in the other one.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        !self.any(other, |a, b| a & !b)
    }

    /// Adds all entries of the other set.
    pub fn add(&mut self, other: &Self) {
        self.change(other, |a, b| a | b);
    }

    /// Takes all entries of the other set out.
    pub fn subtract(&mut self, other: &Self) {
        self.change(other, |a, b| a & !b);
    }

    /// Keeps only the entries that the other set has too.
    pub fn keep(&mut self, other: &Self) {
        self.change(other, |a, b| a & b);
    }

    /// Takes all entries out.
    pub fn clear(&mut self) {
        self.first.fill(0);
        self.rest.fill(0);
    }

    /// The entries in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = Id<T>> + '_ {
        self.first
            .iter()
            .chain(&self.rest)
            .enumerate()
            .flat_map(|(at, word)| {
                let mut rest = *word;
                std::iter::from_fn(move || {
                    let bit = rest.trailing_zeros() as usize;
                    rest = if rest == 0 { return None } else { rest & (rest - 1) };
                    Some(Id::new(at * BITS + bit))
                })
            })
    }
}

impl<T> Clone for Set<T> {
    fn clone(&self) -> Self {
        Self {
            first: self.first,
            rest: self.rest.clone(),
            table: PhantomData,
        }
    }
}
impl<T> PartialEq for Set<T> {
    fn eq(&self, other: &Self) -> bool {
        self.first == other.first && self.rest == other.rest
    }
}
impl<T> Eq for Set<T> {}
impl<T> fmt::Debug for Set<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Entries with ids, each of which may have several parents: a directed acyclic graph, closed at load, so that
/// “is below” and “has a common descendant” are bit operations.
#[derive(Debug)]
pub struct Table<T> {
    entries: Vec<T>,
    by_id: HashMap<Box<str>, Id<T>>,
    /// For each entry: itself and everything below it.
    below: Vec<Set<T>>,
    all: Set<T>,
}

impl<T: Entry> Table<T> {
    /// The table without entries.
    pub(crate) fn empty() -> Self {
        Self {
            entries: Vec::new(),
            by_id: HashMap::new(),
            below: Vec::new(),
            all: Set::empty(0),
        }
    }

    /// Builds a table from entries and, for each of them, the positions of its parents.
    ///
    /// # Errors
    ///
    /// Gives the position of an entry that is its own ancestor, or whose number does not fit.
    pub(crate) fn new(entries: Vec<T>, parents: &[Vec<usize>]) -> Result<Self, usize> {
        if entries.len() > usize::from(u16::MAX) {
            return Err(usize::from(u16::MAX));
        }
        let size = entries.len();
        let mut below: Vec<Set<T>> = (0..size)
            .map(|index| {
                let mut set = Set::empty(size);
                set.insert(Id::new(index));
                set
            })
            .collect();
        for start in 0..size {
            let mut pending = parents.get(start).cloned().unwrap_or_default();
            let mut seen: Set<T> = Set::empty(size);
            while let Some(ancestor) = pending.pop() {
                if ancestor == start {
                    return Err(start);
                }
                if seen.contains(Id::new(ancestor)) {
                    continue;
                }
                seen.insert(Id::new(ancestor));
                if let Some(set) = below.get_mut(ancestor) {
                    set.insert(Id::new(start));
                }
                pending.extend(parents.get(ancestor).into_iter().flatten());
            }
        }
        let by_id = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (entry.id().into(), Id::new(index)))
            .collect();
        Ok(Self {
            entries,
            by_id,
            below,
            all: Set::full(size),
        })
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry with this id, if the table has it.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Id<T>> {
        self.by_id.get(id).copied()
    }

    /// The entry with this number.
    ///
    /// Numbers are given out by this table, so there always is one; `None` only for the number of another baseline.
    #[must_use]
    pub fn get(&self, id: Id<T>) -> Option<&T> {
        self.entries.get(id.index())
    }

    /// The id of an entry, as text.
    #[must_use]
    pub fn name(&self, id: Id<T>) -> &str {
        self.get(id).map_or("?", Entry::id)
    }

    /// All entries in the order of the files.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Id<T>, &T)> {
        self.entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (Id::new(index), entry))
    }

    /// All ids as text.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(Entry::id)
    }

    /// Whether `id` is `ancestor` or below it.
    #[must_use]
    pub fn is_below(&self, id: Id<T>, ancestor: Id<T>) -> bool {
        self.below
            .get(ancestor.index())
            .is_some_and(|set| set.contains(id))
    }

    /// The entries directly above one.
    #[must_use]
    pub fn parents(&self, id: Id<T>) -> Vec<Id<T>> {
        let above: Vec<Id<T>> = self
            .iter()
            .map(|(other, _)| other)
            .filter(|other| *other != id && self.is_below(id, *other))
            .collect();
        let is_direct = |candidate: &&Id<T>| {
            !above
                .iter()
                .any(|other| other != *candidate && self.is_below(*other, **candidate))
        };
        above.iter().filter(is_direct).copied().collect()
    }

    /// The entry and everything below it.
    #[must_use]
    pub fn subtree(&self, id: Id<T>) -> Set<T> {
        self.below
            .get(id.index())
            .cloned()
            .unwrap_or_else(|| self.empty_set())
    }

    /// Adds the entry and everything below it to a set.
    pub fn add_subtree(&self, id: Id<T>, set: &mut Set<T>) {
        self.below
            .get(id.index())
            .into_iter()
            .for_each(|below| set.add(below));
    }

    /// Whether everything below `id` (itself included) lies in `set`: the permit's side of subsumption.
    #[must_use]
    pub fn lies_in(&self, id: Id<T>, set: &Set<T>) -> bool {
        self.below
            .get(id.index())
            .is_some_and(|below| below.is_subset(set))
    }

    /// Whether anything below `id` (itself included) lies in `set`: the deny's side of subsumption.
    #[must_use]
    pub fn overlaps(&self, id: Id<T>, set: &Set<T>) -> bool {
        self.below
            .get(id.index())
            .is_some_and(|below| below.intersects(set))
    }

    /// The empty set of entries.
    #[must_use]
    pub fn empty_set(&self) -> Set<T> {
        Set::empty(self.entries.len())
    }

    /// The set of all entries.
    #[must_use]
    pub fn full_set(&self) -> Set<T> {
        self.all.clone()
    }

    /// The entries that nothing else is below.
    #[must_use]
    pub fn leaves(&self) -> Set<T> {
        let mut set = self.empty_set();
        for (id, _) in self.iter() {
            if self.below.get(id.index()).is_some_and(|below| below.len() == 1) {
                set.insert(id);
            }
        }
        set
    }
}
