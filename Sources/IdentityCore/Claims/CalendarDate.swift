/// Dates as ISO 8601 writes them.
enum CalendarDate {
    /// Whether a text is `YYYY-MM-DD` and in the Gregorian calendar.
    static func isValid(_ text: UnsafeRawBufferPointer) -> Bool {
        daysSince1970(text, separator: UInt8(ascii: "-")) != nil
    }

    /// How many days after 1 January 1970 a date is, four, two and two digits with separators; nil for a text that is
    /// no date, or not in the Gregorian calendar.
    static func daysSince1970(_ text: UnsafeRawBufferPointer, separator: UInt8) -> Int? {
        guard text.count == 10, text[4] == separator, text[7] == separator,
            let year = number(text[0..<4]), let month = number(text[5..<7]), let day = number(text[8..<10]),
            (1...12).contains(month), day >= 1, day <= days(of: month, in: year)
        else { return nil }
        // Years begin in March here, so that a leap day is the last of its year; years of four digits after 0000.
        let shifted = month > 2 ? year + 400 : year + 399
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468 - 146_097
    }

    /// The value of decimal digits; nil where there is another character.
    static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
        var value = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return value
    }

    private static func days(of month: Int, in year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
