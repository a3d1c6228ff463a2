using System.Text;
using RedisLite.Protocol;
using Xunit;

namespace RedisLite.Tests.Protocol;

/// What the parser makes of every form of request. The expectations were read off a redis-server 7.0 (they are its replies).
public class RequestParserTests
{
    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public static TheoryData<string, string[], string?> Cases => new()
    {
        { "*1\r\n$4\r\nPING\r\n", ["PING"], null },
        { "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n", ["GET|k", "PING"], null },
        { "*3\r\n$3\r\nSET\r\n$12\r\nhello\r\nworld\r\n$0\r\n\r\n", ["SET|hello\r\nworld|"], null },
        { "PING\r\n", ["PING"], null },
        { "PING\n", ["PING"], null },
        { "\r\n\n   \r\nPING  a\tb \r\n", ["PING|a|b"], null },
        { "*0\r\n*-1\r\n*-5\r\nPING\r\n", ["PING"], null },
        { "*-9223372036854775808\r\nPING\r\n", ["PING"], null },
        { "PING\r\r\nGET a\rb\r\n", ["PING", "GET|a|b"], null },
        { "*1\rX$4\rXPINGXX", ["PING"], null },
        { "ECHO \"a b\" 'c d' \"\"\r\nPING\r\n", ["ECHO|a b|c d|", "PING"], null },
        { "ECHO a\"b c\"\r\n", ["ECHO|ab c"], null },
        { "ECHO \"\\n\\r\\t\\b\\a\\q\\\\\\\"\" '\\'\\n'\r\n", ["ECHO|\n\r\t\b\aq\\\"|'\\n"], null },
        { "ECHO \"\\x41\\x4g\\xff\" \\x\r\n", ["ECHO|Ax4g\xff|\\x"], null },
        { "ECHO a\vb \vc\r\n", ["ECHO|a\vb|c"], null },
        { "''\r\n", [""], null },
        { "ECHO \"a\"b\r\n", [], "Protocol error: unbalanced quotes in request" },
        { "PING\r\nECHO 'a\r\n", ["PING"], "Protocol error: unbalanced quotes in request" },
        { "ECHO \"\\\r\n", [], "Protocol error: unbalanced quotes in request" },
        { "ECHO \"a\" \"\r\n", [], "Protocol error: unbalanced quotes in request" },
        { "*\r\n", [], "Protocol error: invalid multibulk length" },
        { "*x\r\n", [], "Protocol error: invalid multibulk length" },
        { "*+1\r\n", [], "Protocol error: invalid multibulk length" },
        { "*01\r\n", [], "Protocol error: invalid multibulk length" },
        { "* 1\r\n", [], "Protocol error: invalid multibulk length" },
        { "*-0\r\n", [], "Protocol error: invalid multibulk length" },
        { "*2147483648\r\n", [], "Protocol error: invalid multibulk length" },
        { "*99999999999999999999\r\n", [], "Protocol error: invalid multibulk length" },
        { "*2147483647\r\n", [], null },
        { "*1048577\r\n$4\r\nPING\r\n", [], null },
        { "*1\r\nX\r\n", [], "Protocol error: expected '$', got 'X'" },
        { "*1\r\n\r\n", [], "Protocol error: expected '$', got ' '" },
        { "*1\r\n\n\r\n", [], "Protocol error: expected '$', got ' '" },
        { "*2\r\n$4\r\nPING\r\n*1\r\n", [], "Protocol error: expected '$', got '*'" },
        { "*1\r\n$4\r\nPING\r\n*1\r\n$-1\r\n", ["PING"], "Protocol error: invalid bulk length" },
        { "*1\r\n$-0\r\n", [], "Protocol error: invalid bulk length" },
        { "*1\r\n$04\r\n", [], "Protocol error: invalid bulk length" },
        { "*1\r\n$\r\n", [], "Protocol error: invalid bulk length" },
        { "*1\r\n$536870913\r\n", [], "Protocol error: invalid bulk length" },
        { "*1\r\n$536870912\r\n", [], null },
        { "PING\0foo\r\nPING\n", [], null },
        { "*\0\r\n", [], null },
        { "*1\r\n$4\0\r\nPING\r\n", [], null },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Request_is_read_the_same_however_it_is_split(string input, string[] requests, string? error)
    {
        var bytes = Bytes(input);
        Check(ParserHarness.Run(bytes));
        Check(ParserHarness.Run(bytes, [.. Enumerable.Range(1, bytes.Length - 1)]));
        for (var cut = 1; cut < bytes.Length; cut++) Check(ParserHarness.Run(bytes, cut));
        for (var first = 1; first < bytes.Length; first++)
            for (var second = first; second < bytes.Length; second++)
                Check(ParserHarness.Run(bytes, first, second));

        void Check(ParserHarness result)
        {
            Assert.Equal(requests, result.Requests);
            Assert.Equal(error, result.Error);
        }
    }

    [Theory]
    [InlineData("", 65536, null)]
    [InlineData("", 65537, "Protocol error: too big inline request")]
    [InlineData("*", 65535, null)]
    [InlineData("*", 65536, "Protocol error: too big mbulk count string")]
    [InlineData("*1\r\n$", 65535, null)]
    [InlineData("*1\r\n$", 65536, "Protocol error: too big bulk count string")]
    public void Unfinished_line_is_refused_beyond_64_KB(string start, int digits, string? error)
    {
        var bytes = Bytes(start + new string('1', digits));
        Assert.Equal(error, ParserHarness.Run(bytes).Error);
        Assert.Equal(error, ParserHarness.Run(bytes, start.Length, bytes.Length - 1).Error);
        Assert.Equal(error, ParserHarness.Run(Bytes(start + new string('\0', digits))).Error);
    }

    [Fact]
    public void Finished_line_may_be_longer_than_the_limit()
    {
        var result = ParserHarness.Run(Bytes(new string('a', 70000) + "\r\n"));
        Assert.Equal(70000, Assert.Single(result.Requests).Length);
    }

    [Theory]
    [InlineData("*11\r\n", "Protocol error: unauthenticated multibulk length")]
    [InlineData("*10\r\n", null)]
    [InlineData("*1\r\n$16385\r\n", "Protocol error: unauthenticated bulk length")]
    [InlineData("*1\r\n$16384\r\n", null)]
    public void Strangers_have_tighter_limits(string input, string? error)
    {
        var harness = new ParserHarness();
        harness.Parser.Authenticated = false;
        harness.Feed(Bytes(input));
        Assert.Equal(error, harness.Error);
    }

    [Fact]
    public void Before_authentication_each_request_is_a_batch_of_its_own()
    {
        var input = Bytes("*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n*11\r\n$4\r\nMGET\r\n" + string.Concat(Enumerable.Repeat("$1\r\na\r\n", 10)));
        var parser = new RequestParser(new RespLimits()) { Authenticated = false };
        var batch = new RequestBatch();

        Assert.Equal(ParseStatus.Full, parser.Parse(input, 0, input.Length, batch));
        Assert.Equal(1, batch.Count);
        parser.Authenticated = true;
        Assert.Equal(ParseStatus.NeedMore, parser.Parse(input, batch.Consumed, input.Length, batch));
        Assert.Equal(11, batch.Requests[0].Argc);
        Assert.Equal(input.Length, batch.Consumed);
    }

    [Fact]
    public void Bulk_limit_can_change_between_requests()
    {
        var harness = new ParserHarness();
        harness.Limits.BulkMax = 5;
        harness.Feed("*1\r\n$5\r\nabcde\r\n"u8);
        harness.Limits.BulkMax = 4;
        harness.Feed("*1\r\n$4\r\nabcd\r\n*1\r\n$5\r\n"u8);
        Assert.Equal(["abcde", "abcd"], harness.Requests);
        Assert.Equal("Protocol error: invalid bulk length", harness.Error);
    }

    [Fact]
    public void Batch_is_full_after_32_requests()
    {
        var input = Bytes(string.Concat(Enumerable.Repeat("*1\r\n$4\r\nPING\r\n", 33)));
        var parser = new RequestParser(new RespLimits());
        var batch = new RequestBatch();
        Assert.Equal(ParseStatus.Full, parser.Parse(input, 0, input.Length, batch));
        Assert.Equal(32, batch.Count);
        Assert.Equal(14, batch.Requests[31].WireLength);
        Assert.Equal(ParseStatus.NeedMore, parser.Parse(input, batch.Consumed, input.Length, batch));
        Assert.Equal(1, batch.Count);
    }

    [Fact]
    public void Waits_for_a_big_argument_as_a_whole()
    {
        var parser = new RequestParser(new RespLimits());
        var batch = new RequestBatch();
        var input = new byte[200_000];
        Bytes("*2\r\n$3\r\nGET\r\n$100000\r\n").CopyTo(input, 0);
        Assert.Equal(ParseStatus.NeedMore, parser.Parse(input, 0, 50, batch));
        Assert.Equal(22 + 100_002, parser.BytesWanted);
        Assert.Equal(3, parser.PendingArgumentBytes);
        Assert.Equal(22, parser.BytesBeforeBigArgument);
        Assert.Equal(ParseStatus.NeedMore, parser.Parse(input, 0, parser.BytesWanted - 1, batch));
        Assert.Equal(ParseStatus.NeedMore, parser.Parse(input, 0, parser.BytesWanted, batch));
        Assert.Equal(100_000, batch.Arg(batch.Requests[0], 1).Length);
    }

    [Fact]
    public void Rewound_bytes_parse_again_to_the_same_requests()
    {
        var input = Bytes("PING\r\nECHO \"a b\"\r\n*2\r\n$4\r\nECHO\r\n$1\r\nx\r\n*2\r\n$4\r\nEC");
        var parser = new RequestParser(new RespLimits());
        var batch = new RequestBatch();
        parser.Parse(input, 0, input.Length, batch);
        for (var i = 0; i < 3; i++)
        {
            parser.Rewind();
            Assert.Equal(ParseStatus.Full, parser.Parse(input, 6, input.Length, batch));
            Assert.Equal("a b"u8, batch.Arg(batch.Requests[0], 1));
            Assert.Equal(ParseStatus.NeedMore, parser.Parse(input, batch.Consumed, input.Length, batch));
            Assert.Equal("x"u8, batch.Arg(batch.Requests[0], 1));
        }
    }

    [Fact]
    public void Request_of_100000_arguments_in_small_pieces()
    {
        var text = new StringBuilder("*100001\r\n$4\r\nMGET\r\n");
        for (var i = 0; i < 100_000; i++) text.Append("$3\r\nkey\r\n");
        text.Append("PING\r\n");
        var bytes = Bytes(text.ToString());
        var parser = new RequestParser(new RespLimits());
        var batch = new RequestBatch();
        var end = 0;
        while (batch.Count == 0)
        {
            end = Math.Min(end + 1000, bytes.Length);
            parser.Parse(bytes, 0, end, batch);
        }
        Assert.Equal(100_001, batch.Requests[0].Argc);
        Assert.Equal("key"u8, batch.Arg(batch.Requests[0], 100_000));
    }
}
