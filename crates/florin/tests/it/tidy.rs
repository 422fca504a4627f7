//! The house rules, held by a test: who may import whom, how large things may grow, what may be written where.
//!
//! Reads the sources; knows nothing of what they do.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{LineColumn, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::Visit;

/// What each crate may import of ours. A crate that is not named here may not exist.
const MAY_IMPORT: [(&str, &[&str]); 14] = [
    ("florin-domain", &[]),
    ("florin-vault", &[]),
    ("florin-testkit", &[]),
    // A client of the published surfaces, as strange to the house as any merchant's.
    ("florin-bench", &[]),
    ("florin-store", &["florin-domain"]),
    ("florin-connect", &["florin-domain", "florin-vault"]),
    ("florin-sim", &["florin-domain", "florin-connect"]),
    ("florin-service", &["florin-domain", "florin-vault", "florin-store", "florin-connect"]),
    ("florin-web", &["florin-domain", "florin-service"]),
    ("florin-iwocapay", &["florin-domain", "florin-service", "florin-web"]),
    ("florin-wpay", &["florin-domain", "florin-service", "florin-web"]),
    ("florin-pages", &["florin-domain", "florin-service", "florin-web"]),
    ("florin-admin", &["florin-domain", "florin-service", "florin-web"]),
    (
        "florin",
        &[
            "florin-admin",
            "florin-bench",
            "florin-connect",
            "florin-domain",
            "florin-iwocapay",
            "florin-pages",
            "florin-service",
            "florin-sim",
            "florin-store",
            "florin-vault",
            "florin-web",
            "florin-wpay",
        ],
    ),
];

/// Crates of others that only some of ours may name.
const ONLY_IN: [(&[&str], &[&str]); 5] = [
    (&["rusqlite", "postgres", "tokio-postgres", "tokio-postgres-rustls"], &["florin-store"]),
    (&["aws-lc-rs", "ring", "sha2", "hmac", "aes-gcm-siv", "rcgen", "subtle", "zeroize"], &["florin-vault"]),
    (&["reqwest", "ureq", "hyper-rustls", "lettre"], &["florin-connect", "florin-bench"]),
    (&["askama"], &["florin-pages"]),
    (&["rustls", "tokio-rustls"], &["florin-web", "florin-connect", "florin-store", "florin-bench", "florin"]),
];

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 500;
const ARGUMENTS_MAX: usize = 5;

/// A source file of the product or of its tests.
struct Source {
    /// The crate it belongs to.
    house: String,
    path: PathBuf,
    text: String,
    is_test: bool,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace")
}

fn houses() -> Vec<(String, PathBuf)> {
    let mut houses: Vec<_> = fs::read_dir(root().join("crates"))
        .expect("crates/")
        .flatten()
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .collect();
    houses.sort();
    houses
}

fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for (house, directory) in houses() {
        let mut paths = Vec::new();
        for part in ["src", "tests", "benches", "examples"] {
            rust_files(&directory.join(part), &mut paths);
        }
        for path in paths {
            let inside = path.strip_prefix(&directory).expect("a path in the crate").to_string_lossy().into_owned();
            let is_test =
                !inside.starts_with("src") || inside.ends_with("_tests.rs") || inside.ends_with("/tests.rs") || house == "florin-testkit";
            let text = fs::read_to_string(&path).expect("a source");
            let path = path.strip_prefix(root()).expect("a path in the workspace").to_owned();
            sources.push(Source { house: house.clone(), path, text, is_test });
        }
    }
    assert!(sources.len() > 50, "the sources were found");
    sources
}

/// Fails with every finding at once, so that one run tells all.
#[track_caller]
fn nothing_in(findings: &[String]) {
    assert!(findings.is_empty(), "{} against the house rules:\n  {}", findings.len(), findings.join("\n  "));
}

fn manifest(directory: &Path) -> toml::Table {
    fs::read_to_string(directory.join("Cargo.toml")).expect("a manifest").parse().expect("TOML")
}

fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    manifest.get("dependencies").and_then(toml::Value::as_table).map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn crates_import_only_what_the_table_allows() {
    let mut findings = Vec::new();
    for (house, directory) in houses() {
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(known, _)| *known == house) else {
            findings.push(format!("{house} is not in the table of imports"));
            continue;
        };
        for wanted in dependencies(&manifest(&directory)).iter().filter(|name| name.starts_with("florin")) {
            if !allowed.contains(&wanted.as_str()) {
                findings.push(format!("{house} imports {wanted}"));
            }
        }
    }
    nothing_in(&findings);
}

#[test]
fn each_foreign_trade_has_one_house() {
    let mut findings = Vec::new();
    for (house, directory) in houses() {
        let wanted = dependencies(&manifest(&directory));
        for (trades, allowed) in ONLY_IN {
            for trade in trades.iter().filter(|trade| wanted.contains(**trade) && !allowed.contains(&house.as_str())) {
                findings.push(format!("{house} depends on {trade}, which belongs to {}", allowed.join(" and ")));
            }
        }
    }
    nothing_in(&findings);
}

#[test]
fn every_crate_keeps_the_workspaces_lints() {
    let without = houses().into_iter().filter(|(_, directory)| {
        let manifest = manifest(directory);
        manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) != Some(true)
    });
    nothing_in(&without.map(|(house, _)| format!("{house} does not take the workspace's lints")).collect::<Vec<_>>());
}

#[test]
fn every_file_says_what_it_is() {
    let silent = sources().into_iter().filter(|source| !source.text.starts_with("//! "));
    nothing_in(&silent.map(|source| format!("{} does not begin with //!", source.path.display())).collect::<Vec<_>>());
}

#[test]
fn no_file_of_the_product_passes_500_lines() {
    let long = sources().into_iter().filter(|source| !source.is_test && product_lines(&source.text) > FILE_LINES_MAX);
    nothing_in(&long.map(|source| format!("{} has {} lines", source.path.display(), product_lines(&source.text))).collect::<Vec<_>>());
}

/// The lines of a file without the tests at its end.
fn product_lines(text: &str) -> usize {
    text.lines().take_while(|line| *line != "#[cfg(test)]").count()
}

#[test]
fn files_are_named_after_nouns_of_the_domain() {
    const EMPTY_WORDS: [&str; 9] = ["util", "utils", "helper", "helpers", "common", "manager", "misc", "inner", "v2"];
    let named = sources().into_iter().filter(|source| {
        let stem = source.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        stem.split('_').any(|word| EMPTY_WORDS.contains(&word))
    });
    nothing_in(&named.map(|source| format!("{} says nothing", source.path.display())).collect::<Vec<_>>());
}

#[test]
fn the_pages_that_people_read_link_to_what_is_there() {
    let mut pages = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    let mut directories = vec![root().join("docs")];
    while let Some(directory) = directories.pop() {
        for path in fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    let mut findings = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let is_elsewhere = file.contains("://") || file.starts_with("mailto:");
            if !file.is_empty() && !is_elsewhere && !page.with_file_name(file).exists() {
                findings.push(format!("{} links to {target}", page.strip_prefix(root()).expect("a page of ours").display()));
            }
        }
    }
    nothing_in(&findings);
}

/// What one file does against the rules.
struct Inspector<'a> {
    source: &'a Source,
    in_test: bool,
    findings: Vec<String>,
}

impl Inspector<'_> {
    fn finds(&mut self, at: LineColumn, what: &str) {
        self.findings.push(format!("{}:{}: {what}", self.source.path.display(), at.line));
    }

    fn measures(&mut self, signature: &syn::Signature, whole: proc_macro2::Span, is_of_a_trait: bool) {
        let (begin, end) = (signature.span().start(), whole.end());
        let lines = end.line - begin.line + 1;
        if lines > FUNCTION_LINES_MAX {
            self.finds(begin, &format!("{} has {lines} lines", signature.ident));
        }
        if signature.inputs.len() > ARGUMENTS_MAX && !is_of_a_trait {
            self.finds(begin, &format!("{} takes {} arguments", signature.ident, signature.inputs.len()));
        }
    }

    /// Macros hold tokens, not syntax: what is in them is looked for word by word.
    fn reads_tokens(&mut self, tokens: TokenStream) {
        let mut before = String::new();
        for token in tokens {
            match &token {
                TokenTree::Group(group) => self.reads_tokens(group.stream()),
                TokenTree::Ident(word) => {
                    if before == "." && word == "unwrap" && !self.in_test {
                        self.finds(word.span().start(), "unwrap in a macro");
                    }
                }
                TokenTree::Literal(literal) => self.reads_text(&literal.to_string(), literal.span().start()),
                TokenTree::Punct(_) => {}
            }
            before = token.to_string();
        }
    }

    fn reads_text(&mut self, text: &str, at: LineColumn) {
        if self.source.house != "florin-store" && !self.in_test && is_sql(text) {
            self.finds(at, "SQL outside of florin-store");
        }
    }
}

/// Whether a literal is a statement: its verb and what always follows it, in capitals as this house writes SQL.
fn is_sql(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let has = |first: &str, then: &str| {
        words.iter().position(|word| word.trim_start_matches('"') == first).is_some_and(|at| words[at..].contains(&then))
    };
    has("SELECT", "FROM") || has("INSERT", "INTO") || has("UPDATE", "SET") || has("DELETE", "FROM") || has("CREATE", "TABLE")
}

fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_test = attribute.path().segments.last().is_some_and(|segment| segment.ident == "test");
        is_test || (attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test")))
    })
}

impl<'ast> Visit<'ast> for Inspector<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let before = self.in_test;
        self.in_test |= is_test_only(&item.attrs);
        syn::visit::visit_item_mod(self, item);
        self.in_test = before;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let before = self.in_test;
        self.in_test |= is_test_only(&item.attrs);
        self.measures(&item.sig, item.span(), false);
        syn::visit::visit_item_fn(self, item);
        self.in_test = before;
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        for part in &item.items {
            if let syn::ImplItem::Fn(method) = part {
                // The arguments of a trait's method are the trait's to answer for.
                self.measures(&method.sig, method.span(), item.trait_.is_some());
            }
        }
        syn::visit::visit_item_impl(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        for part in &item.items {
            if let syn::TraitItem::Fn(method) = part {
                self.measures(&method.sig, method.span(), false);
            }
        }
        syn::visit::visit_item_trait(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if attribute.path().is_ident("allow") {
            self.finds(attribute.span().start(), "#[allow]: use #[expect(.., reason = \"…\")]");
        }
        if attribute.path().is_ident("expect") {
            let words = attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
            if !words.contains("reason") {
                self.finds(attribute.span().start(), "#[expect] without a reason");
            }
        }
        if !attribute.path().is_ident("doc") {
            syn::visit::visit_attribute(self, attribute);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        // With an argument it is another word: a vault unwraps keys.
        if call.method == "unwrap" && call.args.is_empty() && !self.in_test {
            self.finds(call.method.span().start(), "unwrap outside of tests");
        }
        syn::visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.finds(block.span().start(), "unsafe");
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];
        if UNFINISHED.iter().any(|name| call.path.is_ident(name)) {
            self.finds(call.span().start(), "unfinished");
        }
        self.reads_tokens(call.tokens.clone());
        syn::visit::visit_macro(self, call);
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.reads_text(&literal.value(), literal.span().start());
    }
}

#[test]
fn the_sources_keep_the_house_rules() {
    let mut findings = Vec::new();
    for source in &sources() {
        let file = syn::parse_file(&source.text).unwrap_or_else(|error| panic!("{}: {error}", source.path.display()));
        let mut inspector = Inspector { source, in_test: source.is_test, findings: Vec::new() };
        inspector.visit_file(&file);
        findings.append(&mut inspector.findings);
    }
    nothing_in(&findings);
}

/// What the rules would miss if they were blind: each of these must be seen.
#[test]
fn the_inspector_sees() {
    let long = format!("fn long() {{\n{}}}\n", "    let _ = 1;\n".repeat(70));
    for (text, expected) in [
        ("fn f(a: Option<u8>) -> u8 { a.unwrap() }", "unwrap outside"),
        ("fn f(a: Option<u8>) { println!(\"{}\", a.unwrap()); }", "unwrap in a macro"),
        ("#[allow(dead_code)] fn f() {}", "#[allow]"),
        ("#[expect(dead_code)] fn f() {}", "without a reason"),
        ("const A: &str = \"SELECT a FROM b\";", "SQL"),
        ("const A: &str = \"\n UPDATE a\n SET b = 1\";", "SQL"),
        ("fn f() { todo!() }", "unfinished"),
        ("fn f(a: u8, b: u8, c: u8, d: u8, e: u8, g: u8) {}", "takes 6"),
        (long.as_str(), "72 lines"),
    ] {
        let source = Source { house: "florin-pages".to_owned(), path: PathBuf::from("sample.rs"), text: text.to_owned(), is_test: false };
        let mut inspector = Inspector { source: &source, in_test: false, findings: Vec::new() };
        inspector.visit_file(&syn::parse_file(text).expect("a sample"));
        assert!(inspector.findings.iter().any(|finding| finding.contains(expected)), "{expected}: {:?}", inspector.findings);
    }
    let quiet = "#[cfg(test)] mod tests { #[test] fn f() { Some(1).unwrap(); } }";
    let source = Source { house: "florin-pages".to_owned(), path: PathBuf::from("sample.rs"), text: quiet.to_owned(), is_test: false };
    let mut inspector = Inspector { source: &source, in_test: false, findings: Vec::new() };
    inspector.visit_file(&syn::parse_file(quiet).expect("a sample"));
    nothing_in(&inspector.findings);
}
