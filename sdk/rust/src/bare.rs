//! What std does for a plugin that has it: an allocator, the allocator's door for the host, and the end of a panic.

#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use alloc::alloc::{GlobalAlloc, Layout, alloc, handle_alloc_error, realloc};
use core::arch::wasm32;
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::ptr;

/// Bytes of a page of WebAssembly's memory.
const PAGE: usize = 64 << 10;
/// No block is smaller, and none is aligned less.
const SMALLEST: usize = 16;

// For `memcmp` and its like, which compiled code calls; of a static library only what is called is taken.
#[link(name = "c")]
unsafe extern "C" {
    /// Where the linker's own use of the memory ends: stack, data. Its address counts, there is nothing in it.
    static __heap_base: u8;
}

#[global_allocator]
static HEAP: Heap =
    Heap(UnsafeCell::new(State { free: [ptr::null_mut(); 32], next: ptr::null_mut(), left: 0 }));

/// Blocks of powers of two, kept in lists of their size when they are given back, and never put together again: a call
/// lasts milliseconds, and what it needs of code counts more than what it wastes of memory.
struct Heap(UnsafeCell<State>);

struct State {
    /// Blocks that were given back, by the power of two that they are; the first word of each points to the next.
    free: [*mut u8; 32],
    /// What was never handed out, and how much of it is left.
    next: *mut u8,
    left: usize,
}

// SAFETY: a component has one thread.
unsafe impl Sync for Heap {}

// SAFETY: a block is in one place only, a list or its owner's hands; it is as large as its power of two says, which
// `power` gives the same for the same layout, and aligned as asked: every block to 16, and those that want more are
// taken fresh each time.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(power) = power(layout.size()) else { return ptr::null_mut() };
        // SAFETY: one thread, and nothing in here calls back.
        let state = unsafe { &mut *self.0.get() };
        let block = state.free[power];
        if block.is_null() || layout.align() > SMALLEST {
            return state.fresh(1 << power, layout.align());
        }
        // SAFETY: a block in a list begins with a pointer to the next.
        state.free[power] = unsafe { block.cast::<*mut u8>().read() };
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(power) = power(layout.size()) else { return };
        // SAFETY: as above; the block is nobody's from now on, and large enough for a pointer.
        unsafe {
            let state = &mut *self.0.get();
            block.cast::<*mut u8>().write(state.free[power]);
            state.free[power] = block;
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if power(layout.size()) == power(size) {
            return block;
        }
        // SAFETY: the caller's promise, for both layouts; the shorter of the two lengths is copied.
        unsafe {
            let made = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !made.is_null() {
                ptr::copy_nonoverlapping(block, made, layout.size().min(size));
                self.dealloc(block, layout);
            }
            made
        }
    }
}

impl State {
    /// Takes memory that was never handed out; null where the host gives no more.
    fn fresh(&mut self, size: usize, align: usize) -> *mut u8 {
        let align = align.max(SMALLEST);
        if self.next.is_null() {
            (self.next, self.left) = remainder();
        }
        let gap = self.next.align_offset(align);
        if self.left < gap.saturating_add(size) {
            let pages = (size + align).div_ceil(PAGE);
            let before = wasm32::memory_grow(0, pages);
            if before == usize::MAX {
                return ptr::null_mut();
            }
            // What is left of the page before is lost, unless the new ones follow it.
            let start = ptr::with_exposed_provenance_mut::<u8>(before * PAGE);
            if self.next.wrapping_add(self.left) != start {
                (self.next, self.left) = (start, 0);
            }
            self.left += pages * PAGE;
            return self.fresh(size, align);
        }
        let block = self.next.wrapping_add(gap);
        self.next = block.wrapping_add(size);
        self.left -= gap + size;
        block
    }
}

/// Returns what the linker left of the last page that it asked for. A call that is content with it never grows its
/// memory, which would cost its host two changes of the address space.
fn remainder() -> (*mut u8, usize) {
    let start = (&raw const __heap_base).cast_mut();
    (start, (wasm32::memory_size(0) * PAGE).saturating_sub(start.addr()))
}

/// Returns the power of two that has room; `None` for what no memory has room for.
fn power(size: usize) -> Option<usize> {
    (size <= 1 << 30).then(|| size.max(SMALLEST).next_power_of_two().trailing_zeros() as usize)
}

/// Logs where and why, and traps: the host ends the call, and names the plugin.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    crate::log::error(&alloc::format!("{info}"));
    wasm32::unreachable()
}

/// Makes room for what the host hands over. The name and its meaning are the component model's.
///
/// # Safety
/// As of `realloc`: `old` and `old_len` are of an earlier call with the same `align`, or `old_len` is 0.
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(old: *mut u8, old_len: usize, align: usize, new_len: usize) -> *mut u8 {
    if new_len == 0 {
        return ptr::without_provenance_mut(align);
    }
    let Ok(layout) = Layout::from_size_align(new_len, align) else { wasm32::unreachable() };
    let made = if old_len == 0 {
        // SAFETY: the layout's size is not 0.
        unsafe { alloc(layout) }
    } else {
        // SAFETY: by the contract above, `old` was allocated with this length and alignment.
        unsafe { realloc(old, Layout::from_size_align_unchecked(old_len, align), new_len) }
    };
    if made.is_null() {
        handle_alloc_error(layout)
    }
    made
}
