//! The one place that ends an evaluation whose request does not fit the plugin's own declaration.
//!
//! The host sends no such request. What can arrive is a component packed with another manifest than it was
//! built from, or a request that a test builds wrongly.

/// Ends the evaluation. A wasm plugin traps, which the host reports as a deny; `why` is left out of it, since
/// nobody could read it. Elsewhere it panics with `why`.
#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(
        clippy::panic,
        reason = "outside a sandbox the panic is a failed test, and says why"
    )
)]
#[cold]
#[track_caller]
pub(crate) fn abort(why: impl FnOnce() -> String) -> ! {
    #[cfg(target_arch = "wasm32")]
    {
        drop(why);
        core::arch::wasm32::unreachable()
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        panic!("{}", why())
    }
}

/// Ids as a message lists them.
pub(crate) fn listed<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = ids.into_iter().map(|id| format!("`{id}`")).collect();
    if quoted.is_empty() {
        "none".to_owned()
    } else {
        quoted.join(", ")
    }
}
