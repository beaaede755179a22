//! The allocator of a plugin: a bump arena over what is left of its initial memory.
//!
//! An instance lives for one evaluation, so there is nothing to reuse and nothing to return to. Memory that
//! never grows is what lets the host give a plugin a fresh instance of one page in microseconds.
//!
//! ```text
//! 0           12 KiB        __heap_base                              64 KiB
//! |  stack  ←  |  static data  |  arena →                              |
//! ```
#![cfg_attr(
    not(target_arch = "wasm32"),
    allow(dead_code, reason = "only a wasm plugin allocates from it")
)]

/// Where a block of `size` bytes aligned to `align` (a power of two) lies when the arena is used up to `next`
/// and ends at `limit`: its start, and the new `next`. `None` when it does not fit.
fn place(next: usize, limit: usize, size: usize, align: usize) -> Option<(usize, usize)> {
    let mask = align.wrapping_sub(1);
    let start = next.checked_add(mask)? & !mask;
    let end = start.checked_add(size)?;
    (end <= limit).then_some((start, end))
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    #![expect(unsafe_code, reason = "a global allocator is unsafe to implement")]

    use super::place;
    use core::alloc::{GlobalAlloc, Layout};
    use core::arch::wasm32::memory_size;
    use core::ptr::{copy_nonoverlapping, null_mut, with_exposed_provenance_mut};
    use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    const PAGE: usize = 65_536;

    unsafe extern "C" {
        /// The linker's symbol: the first address behind stack and static data.
        static __heap_base: u8;
    }

    /// The address up to which the arena is used; 0 before the first allocation.
    struct Arena {
        next: AtomicUsize,
    }

    impl Arena {
        fn next(&self) -> usize {
            match self.next.load(Relaxed) {
                0 => (&raw const __heap_base).addr(),
                next => next,
            }
        }

        /// Places a block and returns its address; null when the arena is exhausted.
        fn take(&self, next: usize, size: usize, align: usize) -> *mut u8 {
            match place(next, memory_size(0).saturating_mul(PAGE), size, align) {
                Some((start, end)) => {
                    self.next.store(end, Relaxed);
                    with_exposed_provenance_mut(start)
                }
                None => null_mut(),
            }
        }
    }

    /// The address behind a block, which lies inside memory.
    fn ends(block: *mut u8, layout: Layout) -> usize {
        block.addr().wrapping_add(layout.size())
    }

    // SAFETY: `next` only moves up, except that the newest block may give its own bytes back; so no two live
    // blocks overlap. `place` keeps alignment and stays inside memory that exists from the start and that
    // nothing else uses: stack and static data lie below `__heap_base`. A plugin has one thread.
    unsafe impl GlobalAlloc for Arena {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            self.take(self.next(), layout.size(), layout.align())
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            if ends(block, layout) == self.next() {
                self.next.store(block.addr(), Relaxed);
            }
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            if ends(block, layout) == self.next() {
                // The newest block stays where it is: only its end moves.
                return self.take(block.addr(), size, layout.align());
            }
            if size <= layout.size() {
                return block;
            }
            let grown = self.take(self.next(), size, layout.align());
            if !grown.is_null() {
                // SAFETY: both blocks are live and distinct, and the old one has `layout.size()` bytes.
                unsafe { copy_nonoverlapping(block, grown, layout.size()) };
            }
            grown
        }
    }

    #[global_allocator]
    static ARENA: Arena = Arena {
        next: AtomicUsize::new(0),
    };
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn blocks_are_aligned_and_follow_each_other() {
        assert_eq!(place(100, 200, 8, 8), Some((104, 112)));
        assert_eq!(place(112, 200, 1, 1), Some((112, 113)));
        assert_eq!(place(113, 200, 0, 16), Some((128, 128)));
    }

    #[test]
    fn a_block_that_does_not_fit_is_refused() {
        assert_eq!(place(192, 200, 8, 8), Some((192, 200)));
        assert_eq!(place(193, 200, 8, 8), None);
        assert_eq!(place(193, 200, usize::MAX, 1), None);
        assert_eq!(place(usize::MAX, usize::MAX, 1, 8), None);
    }
}
