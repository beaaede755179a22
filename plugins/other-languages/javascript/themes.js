// What Themes adds to its manifest, as plugins/themes/src/lib.rs says it in Rust.

const permit = (...obligations) => ({ tag: 'permit', val: obligations });
const deny = (reason) => ({ tag: 'deny', val: reason });

export const evaluator = {
  evaluate({ operation, purpose, data, facts }) {
    const known = Object.fromEntries(facts.map(({ name, value }) => [name, value.val]));
    if (purpose === 'content-recommendation') {
      const objected = known['right.objected_purposes'];
      if (objected.includes('content-recommendation') || objected.includes('personalisation')) {
        return deny('objected');
      }
      if (known['subject.child_signal'] !== false && data.includes('browsing-history')) {
        return deny('child-signal');
      }
    }
    if (purpose === 'system-service-operation' && operation === 'collect' && data.includes('comment')) {
      return permit('moderate-comment');
    }
    return permit();
  },
};
