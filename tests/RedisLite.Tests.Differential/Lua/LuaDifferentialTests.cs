using Xunit;

namespace RedisLite.Tests.Differential.Lua;

public sealed class LuaDifferentialTests
{
    private const int ProgramsPerBatch = 100;

    [Theory]
    [InlineData(1, 1600)]
    [InlineData(2, 1600)]
    public void Generated_programs_print_what_lua51_prints(int seed, int count)
    {
        var generator = new LuaProgramGenerator(seed);
        AssertSame(Enumerable.Range(0, count).Select(generator.Next).ToArray());
    }

    [Fact]
    public void Written_programs_print_what_lua51_prints() => AssertSame(WrittenPrograms.All);

    private static void AssertSame(string[] programs)
    {
        var differences = new List<string>();
        foreach (var batch in programs.Chunk(ProgramsPerBatch))
        {
            var expected = LuaBatch.RunReference(batch);
            var actual = LuaBatch.RunOurs(batch);
            Assert.Equal(batch.Length, expected.Length);
            Assert.Equal(batch.Length, actual.Length);
            for (var i = 0; i < batch.Length; i++)
            {
                if (expected[i] != actual[i]) differences.Add($"=== program\n{batch[i]}\n--- lua5.1\n{expected[i]}\n--- ours\n{actual[i]}");
            }
        }
        Assert.True(differences.Count == 0, $"{differences.Count} of {programs.Length} differ\n{string.Join("\n", differences.Take(5))}");
    }
}
