// What Themes adds to its manifest, as plugins/themes/src/lib.rs says it in Rust.
#include "licit.h"

static const text moderate_comment = WORD("moderate-comment");

static verdict evaluate(const request *asked) {
    if (is(asked->purpose, WORD("content-recommendation"))) {
        texts objected = read_texts(asked, WORD("right.objected_purposes"));
        if (has(objected, WORD("content-recommendation")) || has(objected, WORD("personalisation")))
            return deny(WORD("objected"));
        if (read_flag(asked, WORD("subject.child_signal")) && has(asked->data, WORD("browsing-history")))
            return deny(WORD("child-signal"));
    }
    if (is(asked->purpose, WORD("system-service-operation")) && is(asked->operation, WORD("collect"))
        && has(asked->data, WORD("comment")))
        return permit_with(&moderate_comment);
    return permit();
}
