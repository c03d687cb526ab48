%classpath ../target/coldstart.jar ../target/lib/*.jar
org.coldstart.notebook.Notebook.init();
