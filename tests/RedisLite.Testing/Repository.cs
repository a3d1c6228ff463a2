namespace RedisLite.Testing;

/// <summary>Where the tests find files of the clone they run in.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Debug or Release: the configuration this very assembly was built with.</summary>
    public static string Configuration { get; } =
        AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Debug{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Debug" : "Release";

    public static string ServerAssembly => Path.Combine(Root, "src", "RedisLite", "bin", Configuration, "net10.0", "redislite.dll");

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>A new empty directory under the system's temporary directory.</summary>
    public static string NewTemporaryDirectory() => Directory.CreateTempSubdirectory("redislite-test-").FullName;

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
            if (File.Exists(Path.Combine(directory.FullName, "RedisLite.sln"))) return directory.FullName;
        throw new InvalidOperationException("The tests must run from inside a clone of the repository.");
    }
}
