//! QR codes as a terminal, a PNG or an SVG shows them.

use std::fmt::Write as _;

use data_encoding::BASE64;
use qrcode::{Color, EcLevel, QrCode};

/// Light modules around a code; readers need them.
const QUIET: usize = 4;
/// Pixels per module of a PNG.
const SCALE: usize = 8;

/// The text does not fit into any code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is too long for a QR code")]
pub struct TooLong;

/// A code as dark and light modules, its quiet border included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    side: usize,
    dark: Vec<bool>,
}

impl Matrix {
    /// Encodes a text; up to 2953 bytes fit.
    pub fn of(text: &str) -> Result<Self, TooLong> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).map_err(|_| TooLong)?;
        let inner = code.width();
        let side = inner + 2 * QUIET;
        let mut dark = vec![false; side * side];
        for (index, colour) in code.to_colors().into_iter().enumerate() {
            let (row, column) = (index / inner + QUIET, index % inner + QUIET);
            dark[row * side + column] = colour == Color::Dark;
        }
        Ok(Self { side, dark })
    }

    /// Modules per side.
    pub const fn side(&self) -> usize {
        self.side
    }

    /// Whether a module is dark. Outside of the code everything is light.
    pub fn is_dark(&self, row: usize, column: usize) -> bool {
        row < self.side && column < self.side && self.dark[row * self.side + column]
    }

    /// Two rows of modules per line. `inks` says whether colours may be used: then it is black on white whatever the
    /// terminal's own colours are. Without colours the light modules are drawn, which suits the usual dark terminal, or
    /// the dark ones with `paper`.
    pub fn blocks(&self, inks: bool, paper: bool) -> String {
        let mut out = String::new();
        for row in (0..self.side).step_by(2) {
            if inks {
                out.push_str("\u{1b}[30;107m");
            }
            for column in 0..self.side {
                let (upper, lower) = (self.is_dark(row, column), self.is_dark(row + 1, column));
                let drawn_when_dark = inks || paper;
                let (upper, lower) = (upper == drawn_when_dark, lower == drawn_when_dark);
                // Below the last row is nothing to draw.
                let lower = lower && (drawn_when_dark || row + 1 < self.side);
                out.push(match (upper, lower) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            if inks {
                out.push_str("\u{1b}[0m");
            }
            out.push('\n');
        }
        out
    }

    /// An SVG image, black on white.
    pub fn svg(&self) -> String {
        let side = self.side;
        let mut path = String::new();
        for row in 0..side {
            let mut column = 0;
            while column < side {
                let run = (column..side)
                    .take_while(|at| self.is_dark(row, *at))
                    .count();
                if run > 0 {
                    // Writing to a string cannot fail.
                    write!(path, "M{column} {row}h{run}v1h-{run}z").ok();
                }
                column += run.max(1);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>\n"
        )
    }

    /// A PNG image, black on white, eight pixels per module.
    pub fn png(&self) -> Vec<u8> {
        let pixels = self.side * SCALE;
        let row_bytes = pixels.div_ceil(8);
        let mut raw = Vec::with_capacity((row_bytes + 1) * pixels);
        for row in 0..self.side {
            let mut line = vec![0_u8; row_bytes];
            for pixel in (0..pixels).filter(|pixel| !self.is_dark(row, pixel / SCALE)) {
                line[pixel / 8] |= 0x80 >> (pixel % 8);
            }
            for _ in 0..SCALE {
                // Filter type 0: the line as it is.
                raw.push(0);
                raw.extend_from_slice(&line);
            }
        }
        png(u32::try_from(pixels).unwrap_or(u32::MAX), &raw)
    }

    /// The PNG as a `data:` URL.
    pub fn data_url(&self) -> String {
        format!("data:image/png;base64,{}", BASE64.encode(&self.png()))
    }
}

/// A square PNG with one bit per pixel. The data is stored, not packed: it is small, and nothing else here packs.
fn png(side: u32, raw: &[u8]) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend_from_slice(&side.to_be_bytes());
    header.extend_from_slice(&side.to_be_bytes());
    // One bit, greyscale, and the only compression, filter and interlace methods.
    header.extend_from_slice(&[1, 0, 0, 0, 0]);
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut out, *b"IHDR", &header);
    chunk(&mut out, *b"IDAT", &zlib_stored(raw));
    chunk(&mut out, *b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    let start = out.len();
    out.extend_from_slice(&kind);
    out.extend_from_slice(data);
    let sum = crc32(&out[start..]);
    out.extend_from_slice(&sum.to_be_bytes());
}

/// A zlib stream of stored blocks (RFC 1950, RFC 1951 3.2.4).
fn zlib_stored(raw: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = raw.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        out.push(u8::from(blocks.peek().is_none()));
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    out.extend_from_slice(&adler32(raw).to_be_bytes());
    out
}

fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 {
                sum >> 1 ^ 0xedb8_8320
            } else {
                sum >> 1
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "eyJ1cmwiOiJ3c3M6Ly9ndy5leGFtcGxlOjE4Nzg5IiwiYm9vdHN0cmFwVG9rZW4iOiJBYkNkRWZHaElqS2xNbk9wUXJTdFV2V3hZejAxMjM0NTY3ODktX0FiQ2RFIn0";

    /// What a camera would read.
    fn read(side: usize, dark: impl Fn(usize, usize) -> bool) -> String {
        let scale = 4;
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(side * scale, side * scale, |x, y| {
                if dark(y / scale, x / scale) { 0 } else { 255 }
            });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "one code");
        grids[0].decode().unwrap().1
    }

    #[test]
    fn u24_a_camera_reads_what_the_terminal_shows_on_any_background() {
        let matrix = Matrix::of(TEXT).unwrap();
        assert_eq!(
            read(matrix.side(), |row, column| matrix.is_dark(row, column)),
            TEXT
        );
        for (inks, paper) in [(true, false), (false, false), (false, true)] {
            let shown = matrix.blocks(inks, paper);
            let lines: Vec<Vec<char>> = shown
                .lines()
                .map(|line| {
                    let line = line
                        .trim_start_matches("\u{1b}[30;107m")
                        .trim_end_matches("\u{1b}[0m");
                    line.chars().collect()
                })
                .collect();
            let drawn = |row: usize, column: usize| match lines[row / 2][column] {
                '█' => true,
                '▀' => row.is_multiple_of(2),
                '▄' => row % 2 == 1,
                _ => false,
            };
            // With colours black is drawn on white; on a dark terminal the drawn ones are light.
            let dark_means_drawn = inks || paper;
            let text = read(matrix.side(), |row, column| {
                drawn(row, column) == dark_means_drawn
            });
            assert_eq!(text, TEXT, "inks {inks} paper {paper}");
        }
    }

    #[test]
    fn images_hold_the_same_modules() {
        let matrix = Matrix::of(TEXT).unwrap();
        let svg = matrix.svg();
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
        let dark =
            (0..matrix.side()).flat_map(|row| (0..matrix.side()).map(move |column| (row, column)));
        let dark = dark
            .filter(|(row, column)| matrix.is_dark(*row, *column))
            .count();
        let drawn: usize = svg
            .split('M')
            .filter_map(|part| {
                part.split_once('h')?
                    .1
                    .split_once('v')?
                    .0
                    .parse::<usize>()
                    .ok()
            })
            .sum::<usize>()
            - matrix.side();
        assert_eq!(drawn, dark);
        let png = matrix.png();
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(
            u32::from_be_bytes(png[16..20].try_into().unwrap()),
            u32::try_from(matrix.side() * SCALE).unwrap()
        );
        assert!(
            matrix
                .data_url()
                .starts_with("data:image/png;base64,iVBORw0KGgo")
        );
        // The sums of the examples in the specifications.
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Matrix::of(&"x".repeat(2953)).is_ok());
        assert_eq!(Matrix::of(&"x".repeat(2954)), Err(TooLong));
    }
}
