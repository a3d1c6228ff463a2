using System.Text;
using RedisLite.Server;
using Xunit;

namespace RedisLite.Tests.Config;

public sealed class DiskStorageTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("redislite").FullName;
    private readonly DiskStorage storage = new();

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private string Path(string name) => System.IO.Path.Combine(directory, name);

    [Fact]
    public void Replace_writes_reads_lists_and_leaves_nothing_beside()
    {
        Assert.Null(storage.ReadAll(Path("b")));
        storage.Replace(Path("b"), "one"u8);
        storage.Replace(Path("b"), "two"u8);
        storage.Replace(Path("a"), ""u8);
        Assert.Equal("two", Encoding.UTF8.GetString(storage.ReadAll(Path("b"))!));
        Assert.Equal([Path("a"), Path("b")], storage.List(directory));
        Assert.Empty(storage.List(Path("none")));

        storage.Delete(Path("b"));
        storage.Delete(Path("b"));
        Assert.False(storage.Exists(Path("b")));
    }

    [Fact]
    public void Replace_keeps_permissions_and_fails_without_a_trace()
    {
        if (OperatingSystem.IsWindows()) return;
        storage.Replace(Path("a"), "one"u8);
        File.SetUnixFileMode(Path("a"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        storage.Replace(Path("a"), "two"u8);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path("a")));

        Directory.CreateDirectory(Path("d"));
        Assert.ThrowsAny<Exception>(() => storage.Replace(Path("d"), "x"u8));
        Assert.Equal([Path("a")], storage.List(directory));
    }

    [Fact]
    public void Reading_a_directory_says_what_it_is()
    {
        Assert.Equal("Is a directory", Assert.Throws<UnauthorizedAccessException>(() => storage.ReadAll(directory)).Message);
        Assert.Null(storage.ReadAll(Path("none/none")));
    }

    [Fact]
    public void Append_continues_at_the_end()
    {
        using (var file = storage.OpenAppend(Path("log")))
        {
            file.Append("ab"u8);
            file.Fsync();
        }
        using (var file = storage.OpenAppend(Path("log")))
        {
            Assert.Equal(2, file.Length);
            file.Append("c"u8);
        }
        Assert.Equal("abc", File.ReadAllText(Path("log")));
    }
}
