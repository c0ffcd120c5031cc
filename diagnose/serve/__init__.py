r"""diagnose for others than the terminal: a web page for people, and an MCP server for assistants.

    browser --guard--> page --limits--> a process of its own: work --> chat.session --> Report
                         \--> plots, pieces --> HTML

Neither needs the other: the page is the extra `serve`, the MCP server the extra `mcp`.
"""
