//! The contract `wit/licit.wit` as the canonical ABI lays it out in memory, read and written in place.
//!
//! Written by hand rather than generated, because everything is borrowed from where the host put it: nothing is
//! copied on the way in, nothing freed on the way out. The tests below hold these layouts to the WIT file.
#![expect(unsafe_code, reason = "the canonical ABI passes addresses")]
#![cfg_attr(
    not(target_arch = "wasm32"),
    allow(dead_code, reason = "called only by a host")
)]

use crate::evaluate::Evaluate;
use crate::facts::FactValue;
use crate::request::Request;
use crate::verdict::Verdict;
use crate::vocabulary::{Term, Vocabulary};
use core::slice;
use core::str;

/// A `list<T>`.
#[repr(C)]
#[derive(Debug)]
pub struct List<T> {
    start: *const T,
    len: usize,
}

/// A `string`, always UTF-8.
pub type Text = List<u8>;

/// The variant `fact-value`.
#[repr(C, u8)]
#[derive(Debug)]
pub enum Value {
    Flag(bool),
    Text(Text),
    Integer(i64),
    Texts(List<Text>),
}

/// The record `fact`.
#[repr(C)]
#[derive(Debug)]
pub struct Fact {
    pub name: Text,
    pub value: Value,
}

/// The variant `verdict`.
#[repr(C, u8)]
#[derive(Debug)]
pub enum Answer {
    Permit(List<Text>),
    Deny(Text),
}

impl<T> List<T> {
    /// # Safety
    ///
    /// `start` is the address of `len` values of `T` that live, unchanged, to the end of the program.
    #[must_use]
    pub const unsafe fn new(start: *const T, len: usize) -> Self {
        Self { start, len }
    }

    fn leak(list: Vec<T>) -> Self {
        let list = list.leak();
        Self {
            start: list.as_ptr(),
            len: list.len(),
        }
    }

    const fn get(&self) -> &'static [T]
    where
        T: 'static,
    {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: by the contract of `new`, or leaked by `leak`.
        unsafe { slice::from_raw_parts(self.start, self.len) }
    }
}

impl Text {
    const fn of(text: &'static str) -> Self {
        Self {
            start: text.as_ptr(),
            len: text.len(),
        }
    }

    const fn text(&self) -> &'static str {
        // SAFETY: the canonical ABI passes no `string` that is not UTF-8.
        unsafe { str::from_utf8_unchecked(self.get()) }
    }
}

impl Value {
    fn get(&self) -> FactValue<'static> {
        match self {
            Self::Flag(flag) => FactValue::Flag(*flag),
            Self::Text(text) => FactValue::Text(text.text()),
            Self::Integer(integer) => FactValue::Integer(*integer),
            Self::Texts(texts) => FactValue::Texts(texts.get().iter().map(Text::text).collect()),
        }
    }
}

/// Reads the request, asks the author's function, and leaves its verdict in memory for the host to read.
pub fn call<V: Vocabulary, By>(
    operation: &Text,
    purpose: &Text,
    data: &List<Text>,
    facts: &List<Fact>,
    evaluate: impl Evaluate<V, By>,
) -> &'static Answer {
    let request = Request::admit(
        operation.text(),
        purpose.text(),
        data.get().iter().map(Text::text),
        facts
            .get()
            .iter()
            .map(|fact| (fact.name.text(), fact.value.get())),
    );
    let answer = match evaluate.evaluate(&request) {
        Verdict::Permit(obligations) => Answer::Permit(List::leak(
            obligations
                .iter()
                .map(|obligation| Text::of(obligation.id()))
                .collect(),
        )),
        Verdict::Deny(reason) => Answer::Deny(Text::of(reason.id())),
    };
    // The instance ends with this call, so nothing is worth freeing.
    core::mem::forget(request);
    Box::leak(Box::new(answer))
}

/// The export of the contract's one function, for a plugin's vocabulary and its author's function.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($vocabulary:ty, $evaluate:path) => {
        const _: () = {
            use $crate::__private::abi as wire;

            /// # Safety
            ///
            /// Called by the host alone, with a request laid out by the canonical ABI.
            #[unsafe(export_name = "licit:policy/evaluator@0.1.0#evaluate")]
            unsafe extern "C" fn export(
                operation: *const u8,
                operation_len: usize,
                purpose: *const u8,
                purpose_len: usize,
                data: *const wire::Text,
                data_len: usize,
                facts: *const wire::Fact,
                facts_len: usize,
            ) -> &'static wire::Answer {
                // SAFETY: the host wrote these for this call, into memory that the arena gave it for good.
                let (operation, purpose, data, facts) = unsafe {
                    (
                        wire::List::new(operation, operation_len),
                        wire::List::new(purpose, purpose_len),
                        wire::List::new(data, data_len),
                        wire::List::new(facts, facts_len),
                    )
                };
                wire::call::<$vocabulary, _>(&operation, &purpose, &data, &facts, $evaluate)
            }
        };
    };
}

/// Memory for the host to write a request into.
///
/// # Safety
///
/// Called by the host alone, as the canonical ABI prescribes: `block` is null with `len` 0, or a block of `len`
/// bytes aligned to `align` from this function.
#[cfg(target_arch = "wasm32")]
#[unsafe(export_name = "cabi_realloc")]
unsafe extern "C" fn realloc(block: *mut u8, len: usize, align: usize, new_len: usize) -> *mut u8 {
    use core::alloc::Layout;
    use std::alloc;

    // SAFETY: the host passes the alignment of a type and the layout under which it got `block`.
    let allocated = unsafe {
        let layout = |len| Layout::from_size_align_unchecked(len, align);
        match (len, new_len) {
            (_, 0) => return core::ptr::without_provenance_mut(align),
            (0, _) => alloc::alloc(layout(new_len)),
            _ => alloc::realloc(block, layout(len), new_len),
        }
    };
    if allocated.is_null() {
        core::arch::wasm32::unreachable()
    }
    allocated
}

#[cfg(test)]
mod tests {
    use super::{Answer, Fact, List, Text, Value};
    use core::mem::offset_of;
    use wit_parser::abi::{AbiVariant, WasmSignature, WasmType};
    use wit_parser::{InterfaceId, Resolve, SizeAlign, Type, TypeDefKind, Variant};

    /// The contract, its interface, and the layout of its types.
    fn contract() -> (Resolve, InterfaceId, SizeAlign) {
        let mut resolve = Resolve::default();
        let package = resolve
            .push_source("licit.wit", include_str!("../wit/licit.wit"))
            .unwrap();
        let interface = resolve.packages[package].interfaces["evaluator"];
        let mut layout = SizeAlign::default();
        layout.fill(&resolve);
        (resolve, interface, layout)
    }

    fn variant<'r>(resolve: &'r Resolve, interface: InterfaceId, name: &str) -> (Type, &'r Variant) {
        let id = resolve.interfaces[interface].types[name];
        match &resolve.types[id].kind {
            TypeDefKind::Variant(variant) => (Type::Id(id), variant),
            other => panic!("`{name}` is {other:?}"),
        }
    }

    /// The canonical ABI with addresses as wide as here: the tests run where they have 64 bits, plugins where they
    /// have 32, and the layouts follow from the same declarations.
    fn assert_layout<T>(layout: &SizeAlign, ty: &Type) {
        assert_eq!(size_of::<T>(), layout.size(ty).size_wasm64());
        assert_eq!(align_of::<T>(), layout.align(ty).align_wasm64());
    }

    /// The tag of a variant, and the offset of its payload.
    fn case<T, P>(value: &T, payload: &P) -> (u8, usize) {
        let start = (&raw const *value).addr();
        // SAFETY: both variants are `repr(C, u8)`, so their first byte is the tag.
        let tag = unsafe { *(&raw const *value).cast::<u8>() };
        (tag, (&raw const *payload).addr() - start)
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn records_are_laid_out_as_the_contract_says() {
        let (resolve, interface, layout) = contract();
        let fact = resolve.interfaces[interface].types["fact"];
        let TypeDefKind::Record(record) = &resolve.types[fact].kind else {
            panic!("`fact` is no record")
        };
        let names: Vec<_> = record.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["name", "value"]);
        let offsets = layout.field_offsets(record.fields.iter().map(|field| &field.ty));
        let offsets: Vec<_> = offsets.iter().map(|(offset, _)| offset.size_wasm64()).collect();
        assert_eq!(offsets, [offset_of!(Fact, name), offset_of!(Fact, value)]);
        assert_layout::<Fact>(&layout, &Type::Id(fact));
        assert_layout::<Text>(&layout, &Type::String);
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn variants_are_laid_out_as_the_contract_says() {
        let (resolve, interface, layout) = contract();

        let (ty, declared) = variant(&resolve, interface, "fact-value");
        assert_layout::<Value>(&layout, &ty);
        let names: Vec<_> = declared.cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["flag", "text", "integer", "texts"]);
        let payload =
            layout.payload_offset(declared.tag(), declared.cases.iter().map(|case| case.ty.as_ref()));
        let values = [
            Value::Flag(true),
            Value::Text(Text::of("")),
            Value::Integer(0),
            Value::Texts(List::leak(vec![])),
        ];
        for (tag, value) in (0..).zip(&values) {
            let found = match value {
                Value::Flag(payload) => case(value, payload),
                Value::Text(payload) => case(value, payload),
                Value::Integer(payload) => case(value, payload),
                Value::Texts(payload) => case(value, payload),
            };
            assert_eq!(found, (tag, payload.size_wasm64()));
        }

        let (ty, declared) = variant(&resolve, interface, "verdict");
        assert_layout::<Answer>(&layout, &ty);
        let names: Vec<_> = declared.cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["permit", "deny"]);
        let payload =
            layout.payload_offset(declared.tag(), declared.cases.iter().map(|case| case.ty.as_ref()));
        for (tag, answer) in [
            (0, Answer::Permit(List::leak(vec![]))),
            (1, Answer::Deny(Text::of(""))),
        ] {
            let found = match &answer {
                Answer::Permit(payload) => case(&answer, payload),
                Answer::Deny(payload) => case(&answer, payload),
            };
            assert_eq!(found, (tag, payload.size_wasm64()));
        }
    }

    #[test]
    fn the_function_takes_and_returns_what_the_contract_says() {
        let (resolve, interface, _) = contract();
        let function = &resolve.interfaces[interface].functions["evaluate"];
        let WasmSignature {
            params,
            results,
            retptr,
            indirect_params,
        } = resolve.wasm_signature(AbiVariant::GuestExport, function);
        let list = [WasmType::Pointer, WasmType::Length];
        assert_eq!(params, [list, list, list, list].concat());
        assert_eq!(
            (results, retptr, indirect_params),
            (vec![WasmType::Pointer], true, false)
        );
    }
}
