"""The last lines of a run: verdict, failed gates, tables and the next step."""
