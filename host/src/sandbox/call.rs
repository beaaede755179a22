//! One evaluation: a fresh store and instance, armed limits, the call, and a verdict that is checked before
//! anyone sees it.

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::Utf8Error;
use std::time::Duration;

use wasmtime::{PoolConcurrencyLimitError, Store, Trap};

use super::bindings::Evaluator;
use super::engine::Inner;
use super::limits::{
    CallState, LimitHit, MAX_HANDLES, MAX_ID_BYTES, MAX_OBLIGATIONS, STACK_BYTES, VERDICT_FUEL,
};

/// What a plugin is asked, reduced to what it declared. The fields are those of the contract's `request`, which
/// says how lists are sorted; the sandbox passes them on as they are.
#[derive(Clone, Copy, Debug)]
pub struct CallRequest<'a> {
    /// The operation's id.
    pub operation: &'a str,
    /// The declared purpose's id.
    pub purpose: &'a str,
    /// The declared data categories' ids.
    pub data: &'a [&'a str],
    /// The declared facts.
    pub facts: &'a [CallFact<'a>],
}

/// One fact of a [`CallRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallFact<'a> {
    /// The fact's name.
    pub name: &'a str,
    /// Its value.
    pub value: FactValue<'a>,
}

/// The value of a [`CallFact`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactValue<'a> {
    /// True or false.
    Flag(bool),
    /// A word of a closed list, an id, an instant in RFC 3339, or free text.
    Text(&'a str),
    /// A whole number, or a duration in seconds.
    Integer(i64),
    /// A set of words.
    Texts(&'a [&'a str]),
}

/// A plugin's vote, well formed: ids are kebab-case ASCII of at most [`MAX_ID_BYTES`], obligations at most
/// [`MAX_OBLIGATIONS`]. Whether the manifest declares the ids is for the caller to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No objection, with the ids of the plugin's own obligations in the plugin's order.
    Permit(Vec<String>),
    /// An objection, with the id of its reason.
    Deny(String),
}

/// What one call used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallStats {
    /// Fuel: roughly, WebAssembly instructions executed and bytes copied in bulk. The same for the same request on
    /// the same plugin.
    pub fuel_used: u64,
    /// The most linear memory that the plugin had, in bytes.
    pub memory_bytes: usize,
}

/// Why a call gave no verdict. Every one of them means deny; the texts are the host's own and hold nothing that
/// the plugin wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallFailure {
    /// The plugin stopped itself: it aborted, divided by zero, read outside its memory …
    Trap(&'static str),
    /// The plugin used up its fuel. The same request will always do so.
    OutOfFuel {
        /// The fuel it had.
        limit: u64,
    },
    /// The plugin did not answer in time. The same request might, on a quieter machine.
    TimeOut {
        /// The time it had.
        limit: Duration,
    },
    /// The plugin asked for more memory, table elements or stack than it may have.
    MemoryLimit(ResourceLimit),
    /// The plugin answered with something that is not a verdict.
    MalformedVerdict(Malformed),
    /// As many calls are in progress as the sandbox has slots. Nothing of the plugin ran.
    Overloaded {
        /// The number of slots.
        slots: u32,
    },
    /// The sandbox itself failed: the operating system refused memory, or the engine has a defect.
    Engine,
}

/// Which limit a plugin ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourceLimit {
    /// Linear memory.
    Memory {
        /// The most it may have, in bytes.
        limit_bytes: usize,
    },
    /// Elements of one table.
    Table {
        /// The most it may have.
        limit_elements: usize,
    },
    /// The native stack: calls nested too deep.
    Stack {
        /// The most it may have, in bytes.
        limit_bytes: usize,
    },
}

/// What is wrong with a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// A pointer, a length or a case outside the contract, in the verdict or from the plugin's allocator.
    Abi,
    /// More data than a verdict of the largest permitted size.
    TooLarge,
    /// Text that is not Unicode.
    NotText,
    /// More obligations than permitted.
    TooManyObligations {
        /// How many.
        count: usize,
    },
    /// An id that is empty, too long, or not kebab-case ASCII.
    Id {
        /// Its length in bytes.
        bytes: usize,
    },
}

impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallFailure::Trap(what) => write!(f, "the plugin stopped: {what}"),
            CallFailure::OutOfFuel { limit } => write!(f, "the plugin used up its {limit} units of fuel"),
            CallFailure::TimeOut { limit } => {
                write!(f, "the plugin did not answer within {} ms", limit.as_millis())
            }
            CallFailure::MemoryLimit(limit) => limit.fmt(f),
            CallFailure::MalformedVerdict(what) => write!(f, "the plugin's verdict is malformed: {what}"),
            CallFailure::Overloaded { slots } => {
                write!(
                    f,
                    "all {slots} sandbox slots are in use; raise `slots` to the number of calling threads"
                )
            }
            CallFailure::Engine => f.write_str("the sandbox failed; the machine may be out of memory"),
        }
    }
}

impl Error for CallFailure {}

impl fmt::Display for ResourceLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResourceLimit::Memory { limit_bytes } => {
                write!(f, "the plugin asked for more than {limit_bytes} bytes of memory")
            }
            ResourceLimit::Table { limit_elements } => {
                write!(
                    f,
                    "the plugin asked for a table of more than {limit_elements} elements"
                )
            }
            ResourceLimit::Stack { limit_bytes } => {
                write!(
                    f,
                    "the plugin's calls nest deeper than {limit_bytes} bytes of stack"
                )
            }
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::Abi => f.write_str("a pointer, length or case is outside the contract"),
            Malformed::TooLarge => f.write_str("it is larger than any verdict may be"),
            Malformed::NotText => f.write_str("its text is not Unicode"),
            Malformed::TooManyObligations { count } => {
                write!(f, "it has {count} obligations, and {MAX_OBLIGATIONS} is the most")
            }
            Malformed::Id { bytes } => write!(
                f,
                "an id of {bytes} bytes is not 1 to {MAX_ID_BYTES} lower-case letters, digits and single hyphens"
            ),
        }
    }
}

/// Evaluates one request in a fresh instance.
pub(super) fn call(
    sandbox: &Inner,
    plugin: &Evaluator,
    request: &CallRequest<'_>,
) -> Result<(Verdict, CallStats), CallFailure> {
    // A panic would be a defect of the engine. It must not take the thread that asked along, and what it could
    // leave half done, the store, does not outlive the closure.
    catch_unwind(AssertUnwindSafe(|| evaluate(sandbox, plugin, request))).unwrap_or(Err(CallFailure::Engine))
}

fn evaluate(
    sandbox: &Inner,
    plugin: &Evaluator,
    request: &CallRequest<'_>,
) -> Result<(Verdict, CallStats), CallFailure> {
    let Some(_admission) = sandbox.admit() else {
        return Err(CallFailure::Overloaded {
            slots: sandbox.options.slots,
        });
    };
    let mut store = Store::new(&sandbox.engine, CallState::new(&sandbox.options));
    store.limiter(|state| state);
    // Both meters run before the instance exists: a start function is code too.
    store
        .set_fuel(sandbox.options.fuel)
        .map_err(|_| CallFailure::Engine)?;
    store.set_epoch_deadline(sandbox.ticks);
    store.epoch_deadline_trap();
    store.set_hostcall_fuel(VERDICT_FUEL);
    store.set_max_component_handles(MAX_HANDLES);

    let instance = plugin
        .instantiate(&mut store)
        .map_err(|error| known_failure(sandbox, &error).unwrap_or(CallFailure::Engine))?;
    let verdict = instance.evaluate(&mut store, request).map_err(|error| {
        known_failure(sandbox, &error).unwrap_or(CallFailure::MalformedVerdict(malformed(&error)))
    })?;
    check(&verdict).map_err(CallFailure::MalformedVerdict)?;

    let fuel_left = store.get_fuel().map_err(|_| CallFailure::Engine)?;
    let stats = CallStats {
        fuel_used: sandbox.options.fuel.saturating_sub(fuel_left),
        memory_bytes: store.data().memory_bytes,
    };
    Ok((verdict, stats))
}

/// Tells an error's kind by its type. Its text is never used: it may quote the plugin.
fn known_failure(sandbox: &Inner, error: &wasmtime::Error) -> Option<CallFailure> {
    if let Some(LimitHit(limit)) = error.downcast_ref() {
        return Some(CallFailure::MemoryLimit(*limit));
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Some(CallFailure::Overloaded {
            slots: sandbox.options.slots,
        });
    }
    Some(match *error.downcast_ref::<Trap>()? {
        Trap::OutOfFuel => CallFailure::OutOfFuel {
            limit: sandbox.options.fuel,
        },
        Trap::Interrupt => CallFailure::TimeOut {
            limit: sandbox.options.time,
        },
        Trap::StackOverflow => CallFailure::MemoryLimit(ResourceLimit::Stack {
            limit_bytes: STACK_BYTES,
        }),
        Trap::UnreachableCodeReached => CallFailure::Trap("it aborted"),
        Trap::MemoryOutOfBounds => CallFailure::Trap("it used memory that it does not have"),
        Trap::TableOutOfBounds => CallFailure::Trap("it used a table element that it does not have"),
        Trap::IndirectCallToNull | Trap::BadSignature => {
            CallFailure::Trap("it called a function that is not there")
        }
        Trap::IntegerDivisionByZero => CallFailure::Trap("it divided by zero"),
        Trap::IntegerOverflow => CallFailure::Trap("a division overflowed"),
        Trap::BadConversionToInteger => CallFailure::Trap("it converted a number out of range to an integer"),
        Trap::CannotLeaveComponent | Trap::CannotEnterComponent => {
            CallFailure::Trap("it called where it may not")
        }
        _ => CallFailure::Trap("it broke a rule of WebAssembly"),
    })
}

/// Tells why a verdict could not be read, for an error that is neither a trap nor a limit.
fn malformed(error: &wasmtime::Error) -> Malformed {
    if error.is::<Utf8Error>() || error.is::<std::char::DecodeUtf16Error>() {
        return Malformed::NotText;
    }
    // The engine keeps the type of this error to itself. Should a later version word it differently, the verdict
    // is still malformed, and a test says so.
    if error
        .to_string()
        .contains("fuel allocated for hostcalls has been exhausted")
    {
        return Malformed::TooLarge;
    }
    Malformed::Abi
}

fn check(verdict: &Verdict) -> Result<(), Malformed> {
    match verdict {
        Verdict::Permit(obligations) if obligations.len() > MAX_OBLIGATIONS => {
            Err(Malformed::TooManyObligations {
                count: obligations.len(),
            })
        }
        Verdict::Permit(obligations) => obligations.iter().try_for_each(|id| check_id(id)),
        Verdict::Deny(reason) => check_id(reason),
    }
}

fn check_id(id: &str) -> Result<(), Malformed> {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if id.len() <= MAX_ID_BYTES && id.split('-').all(word) {
        Ok(())
    } else {
        Err(Malformed::Id { bytes: id.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kebab_case() {
        for id in ["n1", "history-too-old", "a", "2fa", &"x".repeat(64)] {
            assert_eq!(check_id(id), Ok(()), "{id}");
        }
        for id in [
            "",
            "-",
            "a-",
            "-a",
            "a--b",
            "A",
            "a_b",
            "a b",
            "ä",
            "a\n",
            "\u{202e}a",
            &"x".repeat(65),
        ] {
            assert_eq!(check_id(id), Err(Malformed::Id { bytes: id.len() }), "{id}");
        }
    }

    #[test]
    fn a_verdict_has_at_most_sixteen_obligations() {
        let permit = |count| Verdict::Permit(vec!["n1".to_owned(); count]);
        assert_eq!(check(&permit(16)), Ok(()));
        assert_eq!(
            check(&permit(17)),
            Err(Malformed::TooManyObligations { count: 17 })
        );
    }
}
