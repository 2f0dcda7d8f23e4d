//! MySQL's temporal encodings: numbers for encoders, and the text MySQL prints, with zero and partial dates, signs and
//! declared fractions kept. TIMESTAMP is printed in UTC.

use crate::cursor::big_endian;
use crate::error::Malformed;

/// The declared number of fractional digits, 0 to 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction(u8);

impl Fraction {
    /// `Malformed` for more than MySQL has.
    pub fn new(digits: u32) -> Result<Self, Malformed> {
        match u8::try_from(digits) {
            Ok(digits @ 0..=6) => Ok(Self(digits)),
            _ => Err(Malformed::unknown(format!("{digits} fractional digits"))),
        }
    }

    /// Digits.
    pub fn digits(self) -> u8 {
        self.0
    }

    /// Bytes that they take: two digits a byte.
    pub fn bytes(self) -> u8 {
        self.0.div_ceil(2)
    }

    /// What one unit of the stored number is in microseconds.
    fn unit(self) -> u32 {
        match self.bytes() {
            0 | 3 => 1,
            1 => 10_000,
            _ => 100,
        }
    }

    fn bits(self) -> u32 {
        u32::from(self.bytes()) * 8
    }

    fn micros(self, packed: u64) -> u32 {
        (packed & ((1 << self.bits()) - 1)) as u32 * self.unit()
    }
}

/// A DATE, as it is stored: zero and partial dates included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// 0 to 32767; MySQL writes at most 9999.
    pub year: u32,
    /// 0 to 15; 0 = zero date.
    pub month: u32,
    /// 0 to 31; 0 = zero date.
    pub day: u32,
}

impl Date {
    /// 15 bits year, 4 month, 5 day.
    pub fn unpack(packed: u32) -> Self {
        Self { year: packed >> 9, month: packed >> 5 & 15, day: packed & 31 }
    }

    /// YYYY-MM-DD.
    pub fn print(self, out: &mut String) {
        if self.year > 9999 {
            return self.print_far(out);
        }
        let [y0, y1] = two(self.year / 100);
        let [y2, y3] = two(self.year % 100);
        let ([m0, m1], [d0, d1]) = (two(self.month), two(self.day));
        push(&[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1], out);
    }

    /// More digits than MySQL writes.
    #[cold]
    fn print_far(self, out: &mut String) {
        print_number(self.year, 4, out);
        for part in [self.month, self.day] {
            out.push('-');
            print_number(part, 2, out);
        }
    }

    /// Days since 1970-01-01; None for zero, partial and impossible dates.
    pub fn days(self) -> Option<i64> {
        let leap = self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        let days = match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u32::from(leap),
            _ => return None,
        };
        if self.year == 0 || !(1..=days).contains(&self.day) {
            return None;
        }
        // Years begin in March, so that the leap day is the last of its year.
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let month = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        Some(365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468)
    }
}

/// A DATETIME, as it is stored: zero and partial dates included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    /// Its date.
    pub date: Date,
    /// 0 to 31; MySQL writes at most 23.
    pub hour: u32,
    /// 0 to 63; MySQL writes at most 59.
    pub minute: u32,
    /// 0 to 63; MySQL writes at most 59.
    pub second: u32,
    /// Microseconds.
    pub micros: u32,
}

impl DateTime {
    /// A stored cell.
    pub fn read(data: &[u8], fraction: Fraction) -> Result<Self, Malformed> {
        let packed = big_endian(data).checked_sub(1 << (39 + fraction.bits()));
        let packed = packed.ok_or_else(|| Malformed::invalid("a negative DATETIME"))?;
        Ok(Self::unpack(packed >> fraction.bits(), fraction.micros(packed)))
    }

    /// 17 bits year * 13 + month, 5 day, 5 hour, 6 minute, 6 second.
    pub fn unpack(packed: u64, micros: u32) -> Self {
        let months = (packed >> 22) as u32;
        let date = Date { year: months / 13, month: months % 13, day: (packed >> 17 & 31) as u32 };
        let clock = packed as u32;
        Self { date, hour: clock >> 12 & 31, minute: clock >> 6 & 63, second: clock & 63, micros }
    }

    /// YYYY-MM-DD hh:mm:ss and the declared digits.
    pub fn print(self, digits: u8, out: &mut String) {
        self.date.print(out);
        out.push(' ');
        print_clock(self.hour, self.minute, self.second, out);
        print_fraction(self.micros, digits, out);
    }
}

/// A TIME: up to 838 hours, with a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// The sign belongs to the whole value.
    pub negative: bool,
    /// 0 to 1023; MySQL writes at most 838.
    pub hour: u32,
    /// 0 to 63; MySQL writes at most 59.
    pub minute: u32,
    /// 0 to 63; MySQL writes at most 59.
    pub second: u32,
    /// Microseconds.
    pub micros: u32,
}

impl Time {
    /// A stored cell: one number of all bytes, because the fraction borrows from the seconds of a negative time.
    pub fn read(data: &[u8], fraction: Fraction) -> Self {
        let packed = big_endian(data) as i64 - (1_i64 << (23 + fraction.bits()));
        let absolute = packed.unsigned_abs();
        Self::unpack(packed < 0, absolute >> fraction.bits(), fraction.micros(absolute))
    }

    /// 10 bits hour, 6 minute, 6 second.
    pub fn unpack(negative: bool, packed: u64, micros: u32) -> Self {
        let clock = packed as u32;
        Self { negative, hour: clock >> 12 & 1023, minute: clock >> 6 & 63, second: clock & 63, micros }
    }

    /// [-]hh:mm:ss and the declared digits.
    pub fn print(self, digits: u8, out: &mut String) {
        if self.negative {
            out.push('-');
        }
        print_clock(self.hour, self.minute, self.second, out);
        print_fraction(self.micros, digits, out);
    }

    /// Microseconds with the sign.
    pub fn total_micros(self) -> i64 {
        let seconds = (i64::from(self.hour) * 60 + i64::from(self.minute)) * 60 + i64::from(self.second);
        let total = seconds * 1_000_000 + i64::from(self.micros);
        if self.negative { -total } else { total }
    }
}

/// A TIMESTAMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp {
    /// Since the epoch; MariaDB 11.5 uses all 32 bits.
    pub seconds: u32,
    /// Microseconds.
    pub micros: u32,
}

impl Timestamp {
    /// A stored cell.
    pub fn read(data: &[u8], fraction: Fraction) -> Self {
        let packed = big_endian(data);
        Self { seconds: (packed >> fraction.bits()) as u32, micros: fraction.micros(packed) }
    }

    /// MySQL's zero timestamp, which is not 1970.
    pub fn is_zero(self) -> bool {
        self.seconds == 0 && self.micros == 0
    }

    /// YYYY-MM-DD hh:mm:ss in UTC and the declared digits.
    pub fn print(self, digits: u8, out: &mut String) {
        if self.is_zero() {
            out.push_str("0000-00-00 00:00:00");
        } else {
            civil(self.seconds / 86_400).print(out);
            out.push(' ');
            let second = self.seconds % 86_400;
            print_clock(second / 3600, second / 60 % 60, second % 60, out);
        }
        print_fraction(self.micros, digits, out);
    }
}

/// The date of a day since the epoch, which is not before it.
fn civil(days: u32) -> Date {
    // Eras of 400 years from 0000-03-01 on; 2106 is the last year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    Date { year: era * 400 + year_of_era + u32::from(month <= 2), month, day }
}

/// YEAR: since 1900; 0 is the year 0000.
pub fn print_year(byte: u8, out: &mut String) {
    print_number(if byte == 0 { 0 } else { 1900 + u32::from(byte) }, 4, out);
}

/// DATETIME of a column made before MySQL 5.6: the decimal digits YYYYMMDDhhmmss.
pub fn print_old_datetime(number: u64, out: &mut String) {
    let digits = format!("{number:014}");
    let at = |index: usize| digits.get(index..index + 2).unwrap_or_default();
    // A number with more digits than a date has them all in its last part.
    let tail = digits.get(12..).unwrap_or_default();
    let year = digits.get(..4).unwrap_or_default();
    for part in [year, "-", at(4), "-", at(6), " ", at(8), ":", at(10), ":", tail] {
        out.push_str(part);
    }
}

/// TIME of a column made before MySQL 5.6: the decimal digits [h]hhmmss with a sign.
pub fn print_old_time(number: i64, out: &mut String) {
    if number < 0 {
        out.push('-');
    }
    let absolute = number.unsigned_abs();
    print_number((absolute / 10_000) as u32, 2, out);
    out.push(':');
    print_number((absolute / 100 % 100) as u32, 2, out);
    out.push(':');
    print_number((absolute % 100) as u32, 2, out);
}

fn print_clock(hour: u32, minute: u32, second: u32, out: &mut String) {
    let ([m0, m1], [s0, s1]) = (two(minute), two(second));
    if hour < 100 {
        let [h0, h1] = two(hour);
        push(&[h0, h1, b':', m0, m1, b':', s0, s1], out);
    } else {
        print_number(hour, 2, out);
        push(&[b':', m0, m1, b':', s0, s1], out);
    }
}

fn print_fraction(micros: u32, digits: u8, out: &mut String) {
    if digits == 0 {
        return;
    }
    let start = out.len() + 1;
    if micros > 999_999 {
        out.push('.');
        print_number(micros, 6, out);
    } else {
        let [a, b] = two(micros / 10_000);
        let [c, d] = two(micros / 100 % 100);
        let [e, f] = two(micros % 100);
        push(&[b'.', a, b, c, d, e, f], out);
    }
    out.truncate(start + usize::from(digits));
}

/// Two digits of a number below 100.
#[inline]
fn two(number: u32) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}

/// ASCII.
#[inline]
fn push(text: &[u8], out: &mut String) {
    out.push_str(std::str::from_utf8(text).unwrap_or_default());
}

/// At least `width` digits (at most 10).
fn print_number(mut number: u32, width: usize, out: &mut String) {
    let mut digits = [b'0'; 10];
    let mut used = 0;
    for place in digits.iter_mut().rev() {
        if number == 0 && used >= width {
            break;
        }
        *place = b'0' + (number % 10) as u8;
        number /= 10;
        used += 1;
    }
    push(digits.get(digits.len() - used..).unwrap_or_default(), out);
}

/// DATETIME and TIMESTAMP inside JSON: always six digits.
pub fn print_json_datetime(packed: i64, out: &mut String) -> Result<(), Malformed> {
    json_datetime(packed)?.print(6, out);
    Ok(())
}

/// DATE inside JSON: a DATETIME whose time is not shown.
pub fn print_json_date(packed: i64, out: &mut String) -> Result<(), Malformed> {
    json_datetime(packed)?.date.print(out);
    Ok(())
}

/// TIME inside JSON: the sign belongs to the whole number; always six digits.
pub fn print_json_time(packed: i64, out: &mut String) {
    let absolute = packed.unsigned_abs();
    Time::unpack(packed < 0, absolute >> 24, (absolute & 0xFF_FFFF) as u32).print(6, out);
}

fn json_datetime(packed: i64) -> Result<DateTime, Malformed> {
    let packed = u64::try_from(packed).map_err(|_| Malformed::invalid("negative DATETIME in JSON"))?;
    Ok(DateTime::unpack(packed >> 24, (packed & 0xFF_FFFF) as u32))
}
