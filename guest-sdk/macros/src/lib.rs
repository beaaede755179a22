//! licit-guest-macros
mod generate;
mod model;
#[cfg(test)]
mod tests {
    use crate::model::*;
    #[test]
    fn dump() {
        let e = |id: &str| Entry {
            id: id.into(),
            doc: format!("Doc of {id} (§3.1)."),
        };
        let f = |name: &str, kind, required| Fact {
            name: name.into(),
            doc: format!("Fact {name}."),
            kind,
            required,
        };
        let model = Model {
            product: "themes".into(),
            purposes: vec![
                Purpose {
                    entry: e("content-recommendation"),
                    facts: vec![
                        f(
                            "controls.personalisation",
                            Kind::Word(vec!["on".into(), "off".into()]),
                            true,
                        ),
                        f("subject.region", Kind::Text, true),
                    ],
                },
                Purpose {
                    entry: e("system-service-operation"),
                    facts: vec![],
                },
            ],
            data: vec![e("download-history"), e("browsing-history"), e("oaid")],
            operations: vec![e("collect"), e("use")],
            reasons: vec![e("objected")],
            obligations: vec![e("refresh-index")],
        };
        let sdk = quote::quote!(::licit_guest);
        println!("{}", crate::generate::plugin(&model, &sdk).unwrap());
    }
}
