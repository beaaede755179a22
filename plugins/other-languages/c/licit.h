// The contract of wit/licit.wit in C, by the canonical ABI of the component model. No libc, no imports, one page of memory.
//
// A plugin includes this file once and defines `evaluate`. Whatever goes wrong in here is a trap, and a trap is a deny.
#ifndef LICIT_H
#define LICIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct { const char *at; size_t length; } text;
typedef struct { const text *at; size_t length; } texts;

typedef struct {
    text name;
    enum { FLAG, TEXT, INTEGER, TEXTS } kind : 8;
    union { bool flag; text text; int64_t integer; texts texts; } value;
} fact;

typedef struct { text operation, purpose; texts data; const fact *facts; size_t fact_count; } request;

typedef struct {
    enum { PERMIT, DENY } kind : 8;
    union { texts obligations; text reason; } with;
} verdict;

_Static_assert(sizeof(fact) == 24 && offsetof(fact, value) == 16, "a fact as the canonical ABI lays it out");
_Static_assert(sizeof(verdict) == 12 && offsetof(verdict, with) == 4, "a verdict as the canonical ABI lays it out");

// The vote on one request: what a plugin defines.
static verdict evaluate(const request *asked);

#define WORD(literal) ((text){literal, sizeof(literal) - 1})

static bool is(text one, text other) {
    if (one.length != other.length) return false;
    for (size_t i = 0; i < one.length; i++)
        if (one.at[i] != other.at[i]) return false;
    return true;
}

static bool has(texts all, text one) {
    for (size_t i = 0; i < all.length; i++)
        if (is(all.at[i], one)) return true;
    return false;
}

// A fact that the manifest lists under `reads` is always there. Null is for those under `optional-reads`.
static const fact *find(const request *asked, text name) {
    for (size_t i = 0; i < asked->fact_count; i++)
        if (is(asked->facts[i].name, name)) return &asked->facts[i];
    return NULL;
}

static bool read_flag(const request *asked, text name) {
    const fact *found = find(asked, name);
    if (!found || found->kind != FLAG) __builtin_trap();
    return found->value.flag;
}

static texts read_texts(const request *asked, text name) {
    const fact *found = find(asked, name);
    if (!found || found->kind != TEXTS) __builtin_trap();
    return found->value.texts;
}

static verdict permit(void) { return (verdict){PERMIT, {.obligations = {NULL, 0}}}; }
static verdict permit_with(const text *obligation) { return (verdict){PERMIT, {.obligations = {obligation, 1}}}; }
static verdict deny(text reason) { return (verdict){DENY, {.reason = reason}}; }

// What follows is called by the host. Memory is handed out from the end of the static data and never taken back: every
// evaluation has an instance of its own.
extern unsigned char __heap_base;

__attribute__((export_name("cabi_realloc")))
void *licit_realloc(void *old, size_t old_size, size_t alignment, size_t size) {
    static uintptr_t next = 0;
    if (old || old_size) __builtin_trap();
    uintptr_t at = ((next ? next : (uintptr_t)&__heap_base) + alignment - 1) & ~(uintptr_t)(alignment - 1);
    if (size > __builtin_wasm_memory_size(0) * 65536 - at) __builtin_trap();
    next = at + size;
    return (void *)at;
}

__attribute__((export_name("licit:policy/evaluator@0.1.0#evaluate")))
const verdict *licit_evaluate(const char *operation, size_t operation_length, const char *purpose, size_t purpose_length,
                              const text *data, size_t data_count, const fact *facts, size_t fact_count) {
    static verdict given;
    const request asked = {
        {operation, operation_length}, {purpose, purpose_length}, {data, data_count}, facts, fact_count,
    };
    given = evaluate(&asked);
    return &given;
}

#endif
