//! Rust source as words and signs, and the modules that its paths lead to.
//!
//! Pure. Invariant: what stands in comments, texts and characters is not code and is left out.

/// A word or a sign with its line, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub line: usize,
    pub text: String,
}

/// All words and signs; `::` is one sign.
pub fn tokens(source: &str) -> Vec<Token> {
    let letters: Vec<char> = source.chars().collect();
    let at = |i: usize| letters.get(i).copied().unwrap_or('\0');
    let (mut found, mut i, mut line) = (Vec::new(), 0, 1);
    while i < letters.len() {
        let start = i;
        match (at(i), at(i + 1)) {
            ('/', '/') => i = find(&letters, i, "\n"),
            ('/', '*') => i = after_comment(&letters, i),
            ('"', _) => i = after_text(&letters, i),
            ('\'', '\\') => i = find(&letters, i + 3, "'") + 1,
            ('\'', _) if at(i + 2) == '\'' => i += 3,
            // A lifetime: its name is left as a word.
            ('\'', _) => i += 1,
            (':', ':') => i += 2,
            (letter, _) if is_wordly(letter) => {
                while is_wordly(at(i)) {
                    i += 1;
                }
                let hashes = (i..).take_while(|&at_hash| at(at_hash) == '#').count();
                let word: String = letters[start..i].iter().collect();
                if ["r", "br", "cr"].contains(&word.as_str()) && at(i + hashes) == '"' {
                    let end = format!("\"{}", "#".repeat(hashes));
                    i = find(&letters, i + hashes + 1, &end) + end.len();
                }
            }
            _ => i += 1,
        }
        let text: String = letters[start..i.min(letters.len())].iter().collect();
        let is_code = text == "::" || text.chars().all(is_wordly) || (i == start + 1 && !text.trim().is_empty());
        if is_code && text != "'" {
            found.push(Token { line, text: text.clone() });
        }
        line += text.matches('\n').count();
    }
    found
}

fn is_wordly(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Where `end` begins at or after `from`, or the end of the source.
fn find(letters: &[char], from: usize, end: &str) -> usize {
    let end: Vec<char> = end.chars().collect();
    (from..letters.len()).find(|&i| letters[i..].starts_with(&end)).unwrap_or(letters.len())
}

fn after_text(letters: &[char], from: usize) -> usize {
    let mut i = from + 1;
    while i < letters.len() && letters[i] != '"' {
        i += if letters[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

fn after_comment(letters: &[char], from: usize) -> usize {
    let (mut i, mut depth) = (from, 0);
    loop {
        let rest = &letters[i.min(letters.len())..];
        depth += i32::from(rest.starts_with(&['/', '*'])) - i32::from(rest.starts_with(&['*', '/']));
        if rest.is_empty() || depth == 0 {
            return i + 2;
        }
        i += if rest.starts_with(&['/', '*']) || rest.starts_with(&['*', '/']) { 2 } else { 1 };
    }
}

/// The tokens outside `#[cfg(test)]` modules, and the names of those of these modules that are files of their own.
pub fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let mark = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let (mut kept, mut files, mut i) = (Vec::new(), Vec::new(), 0);
    while i < tokens.len() {
        if !words(tokens, i, &mark) {
            kept.push(tokens[i].clone());
            i += 1;
            continue;
        }
        let (name, mut depth) = (tokens[i + mark.len()].text.clone(), 0);
        i += mark.len() + 1;
        if tokens[i].text == ";" {
            files.push(name);
            continue;
        }
        loop {
            depth += i32::from(tokens[i].text == "{") - i32::from(tokens[i].text == "}");
            i += 1;
            if depth == 0 || i == tokens.len() {
                break;
            }
        }
    }
    (kept, files)
}

/// True if exactly these words follow from `at` on.
pub fn words(tokens: &[Token], at: usize, expected: &[&str]) -> bool {
    expected.iter().enumerate().all(|(i, word)| tokens.get(at + i).is_some_and(|token| token.text == *word))
}

/// The modules at the crate's root that paths in this file lead to, each with its line.
///
/// `module` is the path of the file's module: `["ring", "reader"]` for `src/ring/reader.rs`.
pub fn roots(tokens: &[Token], module: &[String]) -> Vec<(usize, String)> {
    let (mut found, mut inline, mut depth, mut i) = (Vec::new(), Vec::<(String, i32)>::new(), 0, 0);
    while i < tokens.len() {
        let begins = i == 0 || tokens[i - 1].text != "::";
        match tokens[i].text.as_str() {
            "mod" if tokens.get(i + 2).is_some_and(|next| next.text == "{") => {
                inline.push((tokens[i + 1].text.clone(), depth));
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inline.retain(|(_, outside)| *outside < depth);
            }
            "crate" | "neurostream" if begins && words(tokens, i + 1, &["::"]) => {
                i = follow(tokens, i + 2, Vec::new(), &mut found);
                continue;
            }
            "super" if begins && words(tokens, i + 1, &["::"]) => {
                let here = module.iter().cloned().chain(inline.iter().map(|(name, _)| name.clone())).collect();
                i = follow(tokens, i, here, &mut found);
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    found
}

/// Follows one path, or each of a group, from the module `here`; returns where it ends.
fn follow(tokens: &[Token], mut i: usize, mut here: Vec<String>, found: &mut Vec<(usize, String)>) -> usize {
    loop {
        let Some(Token { line, text }) = tokens.get(i) else { return i };
        match text.as_str() {
            "{" => {
                i += 1;
                while tokens.get(i).is_some_and(|token| token.text != "}") {
                    i = follow(tokens, i, here.clone(), found);
                    // A name for it (`as x`) and the comma.
                    while tokens.get(i).is_some_and(|token| token.text != "}" && token.text != ",") {
                        i += 1;
                    }
                    i += usize::from(words(tokens, i, &[","]));
                }
                return i + 1;
            }
            "super" => drop(here.pop()),
            "self" => {}
            _ => here.push(text.clone()),
        }
        i += 1;
        let goes_on = words(tokens, i, &["::"])
            && tokens.get(i + 1).is_some_and(|next| next.text == "{" || next.text.starts_with(is_wordly));
        if !goes_on {
            found.extend(here.first().map(|root| (*line, root.clone())));
            return i;
        }
        i += 1;
    }
}
