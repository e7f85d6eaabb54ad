//! Writes a manifest, as JSON, into a component, as `act-host plugin build` does, without all that is behind it.

/// The custom section that hosts look for.
const NAME: &[u8] = b"act-host:manifest";

/// Appends the section to a component that has none.
pub(super) fn append(mut component: Vec<u8>, manifest: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    length(&mut content, NAME.len());
    content.extend_from_slice(NAME);
    content.extend_from_slice(manifest);
    component.push(0);
    length(&mut component, content.len());
    component.extend(content);
    component
}

/// Writes a number as LEB128 does: seven bits a byte, the lowest first.
fn length(to: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            return to.push(low);
        }
        to.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_has_an_id_two_lengths_a_name_and_its_text() {
        let appended = append(b"\0asm".to_vec(), &[b'x'; 200]);
        assert_eq!(&appended[..8], b"\0asm\0\xda\x01\x11");
        assert_eq!(&appended[8..25], NAME);
        assert_eq!(appended.len(), 25 + 200);
    }
}
