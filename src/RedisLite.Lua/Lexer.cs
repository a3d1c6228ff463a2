using System.Text;

namespace RedisLite.Lua;

internal enum Token : byte
{
    End, And, Break, Do, Else, ElseIf, EndKeyword, False, For, Function, If, In, Local, Nil, Not, Or, Repeat, Return, Then, True, Until, While,
    Concat, Dots, Equal, GreaterEqual, LessEqual, NotEqual, Number, Name, String,
    Char,   // any other single byte, in Lexer.Byte
}

// Bytes to tokens, one token of look-ahead. Messages and the text they quote are those of Lua 5.1.
internal sealed class Lexer
{
    private static Token KeywordOrName(string word) => word switch
    {
        "and" => Token.And, "break" => Token.Break, "do" => Token.Do, "else" => Token.Else, "elseif" => Token.ElseIf, "end" => Token.EndKeyword,
        "false" => Token.False, "for" => Token.For, "function" => Token.Function, "if" => Token.If, "in" => Token.In, "local" => Token.Local,
        "nil" => Token.Nil, "not" => Token.Not, "or" => Token.Or, "repeat" => Token.Repeat, "return" => Token.Return, "then" => Token.Then,
        "true" => Token.True, "until" => Token.Until, "while" => Token.While,
        _ => Token.Name,
    };

    private struct Lexeme
    {
        internal Token Token;
        internal byte Byte;
        internal double Number;
        internal LuaString? Text;
        internal int Start, End;
    }

    private readonly byte[] _source;
    private readonly string _chunk;
    private readonly Dictionary<LuaString, LuaString> _strings = new(LuaStringComparer.Instance);
    private readonly MemoryStream _buffer = new();
    private Lexeme _current, _ahead;
    private bool _hasAhead;
    private int _position;
    private int _tokenStart;

    internal Lexer(ReadOnlySpan<byte> source, string chunk)
    {
        _source = source.ToArray();
        _chunk = chunk;
        if (_source.Length > 0 && _source[0] == '#') SkipLine();
    }

    internal Token Token => _current.Token;
    internal byte Byte => _current.Byte;
    internal double Number => _current.Number;
    internal LuaString Text => _current.Text!;
    /// <summary>The line the reader has reached.</summary>
    internal int Line { get; private set; } = 1;
    /// <summary>The line of the last token consumed.</summary>
    internal int LastLine { get; private set; } = 1;

    internal bool Is(char c) => _current.Token == Token.Char && _current.Byte == c;

    internal void Advance()
    {
        LastLine = Line;
        if (_hasAhead)
        {
            _current = _ahead;
            _hasAhead = false;
            return;
        }
        Scan(out _current);
    }

    internal bool NextIs(char c)
    {
        if (!_hasAhead)
        {
            Scan(out _ahead);
            _hasAhead = true;
        }
        return _ahead.Token == Token.Char && _ahead.Byte == c;
    }

    internal LuaSyntaxError Error(string message) => new($"{_chunk}:{Line}: {message}");

    internal LuaSyntaxError ErrorNear(string message) => new($"{_chunk}:{Line}: {message} near '{Quote(_current)}'");

    internal static string Describe(Token token, byte b = 0) => token switch
    {
        Token.Char => b < 32 ? $"char({b})" : ((char)b).ToString(),
        Token.End => "<eof>",
        Token.Concat => "..",
        Token.Dots => "...",
        Token.Equal => "==",
        Token.GreaterEqual => ">=",
        Token.LessEqual => "<=",
        Token.NotEqual => "~=",
        Token.Number => "<number>",
        Token.Name => "<name>",
        Token.String => "<string>",
        Token.EndKeyword => "end",
        _ => token.ToString().ToLowerInvariant(),
    };

    internal LuaString Intern(LuaString text)
    {
        if (_strings.TryGetValue(text, out var known)) return known;
        _strings.Add(text, text);
        return text;
    }

    // The text quoted in messages: names, strings and numbers as they stand in the source.
    private string Quote(in Lexeme lexeme) =>
        lexeme.Token is Token.Name or Token.String or Token.Number ? SourceText(lexeme.Start, lexeme.End) : Describe(lexeme.Token, lexeme.Byte);

    private string SourceText(int start, int end)
    {
        var text = Encoding.Latin1.GetString(_source, start, end - start);
        var nul = text.IndexOf('\0', StringComparison.Ordinal);
        return nul < 0 ? text : text[..nul];
    }

    private LuaSyntaxError ErrorAtSource(string message) => new($"{_chunk}:{Line}: {message} near '{SourceText(_tokenStart, _position)}'");

    // What was read so far, with the escapes already decoded.
    private LuaSyntaxError ErrorInString(string message) =>
        new($"{_chunk}:{Line}: {message} near '{(char)_source[_tokenStart]}{Encoding.Latin1.GetString(Buffered)}'");

    private LuaSyntaxError ErrorAtEnd(string message) => new($"{_chunk}:{Line}: {message} near '<eof>'");

    private int Peek(int offset = 0) => _position + offset < _source.Length ? _source[_position + offset] : -1;

    private void Scan(out Lexeme lexeme)
    {
        lexeme = default;
        SkipBlanks();
        _tokenStart = _position;
        ScanToken(ref lexeme);
        lexeme.Start = _tokenStart;
        lexeme.End = _position;
    }

    private void ScanToken(ref Lexeme lexeme)
    {
        var c = Peek();
        if (c < 0) return;
        if (IsNameStart(c)) { ScanName(ref lexeme); return; }
        if (char.IsAsciiDigit((char)c) || (c == '.' && Peek(1) >= 0 && char.IsAsciiDigit((char)Peek(1)))) { ScanNumber(ref lexeme); return; }
        switch (c)
        {
            case '"' or '\'':
                ScanString(ref lexeme, (byte)c);
                return;
            case '[':
                var level = LongBracketLevel();
                if (level >= 0) { ScanLong(ref lexeme, level, isComment: false); return; }
                if (level < -1) throw ErrorAtOpening();
                break;
            case '=' when Peek(1) == '=': Take(ref lexeme, Token.Equal, 2); return;
            case '<' when Peek(1) == '=': Take(ref lexeme, Token.LessEqual, 2); return;
            case '>' when Peek(1) == '=': Take(ref lexeme, Token.GreaterEqual, 2); return;
            case '~' when Peek(1) == '=': Take(ref lexeme, Token.NotEqual, 2); return;
            case '.' when Peek(1) == '.':
                if (Peek(2) == '.') Take(ref lexeme, Token.Dots, 3);
                else Take(ref lexeme, Token.Concat, 2);
                return;
        }
        lexeme.Byte = (byte)c;
        Take(ref lexeme, Token.Char, 1);
    }

    private LuaSyntaxError ErrorAtOpening()
    {
        _position++;
        while (Peek() == '=') _position++;
        return ErrorAtSource("invalid long string delimiter");
    }

    private void Take(ref Lexeme lexeme, Token token, int length)
    {
        lexeme.Token = token;
        _position += length;
    }

    private static bool IsNameStart(int c) => c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

    private static bool IsNamePart(int c) => IsNameStart(c) || (c >= '0' && c <= '9');

    private void SkipLine()
    {
        while (Peek() >= 0 && Peek() != '\n' && Peek() != '\r') _position++;
    }

    private void SkipNewline()
    {
        var c = Peek();
        _position++;
        if (Peek() is '\n' or '\r' && Peek() != c) _position++;
        Line++;
    }

    private void SkipBlanks()
    {
        while (true)
        {
            switch (Peek())
            {
                case '\n' or '\r':
                    SkipNewline();
                    break;
                case ' ' or '\t' or '\v' or '\f':
                    _position++;
                    break;
                case '-' when Peek(1) == '-':
                    SkipComment();
                    break;
                default:
                    return;
            }
        }
    }

    private void SkipComment()
    {
        _tokenStart = _position;
        _position += 2;
        if (Peek() == '[')
        {
            var level = LongBracketLevel();
            if (level >= 0)
            {
                var ignored = default(Lexeme);
                ScanLong(ref ignored, level, isComment: true);
                return;
            }
        }
        SkipLine();
    }

    private void ScanName(ref Lexeme lexeme)
    {
        while (IsNamePart(Peek())) _position++;
        var bytes = _source.AsSpan(_tokenStart, _position - _tokenStart);
        lexeme.Token = bytes.Length <= 8 ? KeywordOrName(Encoding.Latin1.GetString(bytes)) : Token.Name;
        if (lexeme.Token != Token.Name) return;
        lexeme.Text = Intern(LuaString.From(bytes));
    }

    private void ScanNumber(ref Lexeme lexeme)
    {
        while (Peek() >= 0 && (char.IsAsciiDigit((char)Peek()) || Peek() == '.')) _position++;
        if (Peek() is 'e' or 'E')
        {
            _position++;
            if (Peek() is '+' or '-') _position++;
        }
        while (IsNamePart(Peek())) _position++;
        if (!NumberText.TryParse(_source.AsSpan(_tokenStart, _position - _tokenStart), out lexeme.Number)) throw ErrorAtSource("malformed number");
        lexeme.Token = Token.Number;
    }

    /// <summary>At '[': the level of a long bracket, -1 for a plain '[', -2 for a malformed opening.</summary>
    private int LongBracketLevel()
    {
        var level = 0;
        while (Peek(1 + level) == '=') level++;
        return Peek(1 + level) == '[' ? level : level == 0 ? -1 : -2;
    }

    private void ScanLong(ref Lexeme lexeme, int level, bool isComment)
    {
        _position += level + 2;
        if (Peek() is '\n' or '\r') SkipNewline();
        _buffer.SetLength(0);
        while (true)
        {
            var c = Peek();
            if (c < 0) throw ErrorAtEnd(isComment ? "unfinished long comment" : "unfinished long string");
            if (c == ']' && ClosesLong(level)) break;
            if (c == '[' && level == 0 && Peek(1) == '[' ) throw NestedLong();
            if (c is '\n' or '\r')
            {
                SkipNewline();
                c = '\n';
            }
            else
            {
                _position++;
            }
            if (!isComment) _buffer.WriteByte((byte)c);
        }
        _position += level + 2;
        if (isComment) return;
        lexeme.Token = Token.String;
        lexeme.Text = Intern(LuaString.From(Buffered));
    }

    private ReadOnlySpan<byte> Buffered => _buffer.GetBuffer().AsSpan(0, (int)_buffer.Length);

    private LuaSyntaxError NestedLong()
    {
        _position += 2;
        return new($"{_chunk}:{Line}: nesting of [[...]] is deprecated near '['");
    }

    private bool ClosesLong(int level)
    {
        for (var i = 1; i <= level; i++)
        {
            if (Peek(i) != '=') return false;
        }
        return Peek(level + 1) == ']';
    }

    private void ScanString(ref Lexeme lexeme, byte quote)
    {
        _position++;
        _buffer.SetLength(0);
        while (Peek() != quote)
        {
            var c = Peek();
            switch (c)
            {
                case < 0:
                    throw ErrorAtEnd("unfinished string");
                case '\n' or '\r':
                    throw ErrorInString("unfinished string");
                case '\\':
                    ScanEscape();
                    break;
                default:
                    _buffer.WriteByte((byte)c);
                    _position++;
                    break;
            }
        }
        _position++;
        lexeme.Token = Token.String;
        lexeme.Text = Intern(LuaString.From(Buffered));
    }

    private void ScanEscape()
    {
        _position++;
        var c = Peek();
        if (c < 0) return;   // the loop reports the unfinished string
        if (c is '\n' or '\r')
        {
            SkipNewline();
            _buffer.WriteByte((byte)'\n');
            return;
        }
        if (c is >= '0' and <= '9')
        {
            var value = 0;
            for (var i = 0; i < 3 && Peek() is >= '0' and <= '9'; i++) value = (value * 10) + (_source[_position++] - '0');
            if (value > 255) throw ErrorInString("escape sequence too large");
            _buffer.WriteByte((byte)value);
            return;
        }
        _position++;
        _buffer.WriteByte(c switch
        {
            'a' => 7, 'b' => 8, 'f' => 12, 'n' => 10, 'r' => 13, 't' => 9, 'v' => 11,
            _ => (byte)c,
        });
    }
}

internal sealed class LuaStringComparer : IEqualityComparer<LuaString>
{
    internal static readonly LuaStringComparer Instance = new();

    public bool Equals(LuaString? x, LuaString? y) => x!.ContentEquals(y!);

    public int GetHashCode(LuaString text) => text.Hash;
}
